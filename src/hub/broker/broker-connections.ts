import type { Platform } from '#base/platform.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { ExpiryWheel } from '../presence/expiry-wheel.ts';
import type { DisconnectCause, LiveSession } from '../presence/presence.ts';

/**
 * Who is connected at the broker door: one connection per client, the newcomer ends the older one [MQTT-3.1.4-2].
 * Beside the hub's presence, not in it: a device that talks to the broker hears none of the hub's own messages, so
 * for the hub it is not connected.
 */
export class BrokerConnections {
  readonly #live = new Map<string, LiveSession>();
  readonly #wheel: ExpiryWheel<LiveSession>;

  constructor(platform: Platform) {
    this.#wheel = new ExpiryWheel(platform.clock, (connection) => connection.close('credential-expired'));
  }

  get connected(): Iterable<string> {
    return this.#live.keys();
  }

  get count(): number {
    return this.#live.size;
  }

  start(): void {
    this.#wheel.start();
  }

  /** Ends every connection. */
  stop(cause: DisconnectCause): void {
    this.#wheel.stop();
    for (const connection of [...this.#live.values()]) connection.close(cause);
  }

  /** `connection` is now its client's only one; the older one is over when this returns. */
  open(connection: LiveSession): void {
    const { deviceId, expiresAt } = connection.caller;
    this.drop(deviceId, 'newer-connection');
    this.#live.set(deviceId, connection);
    if (expiresAt !== undefined) this.#wheel.add(connection, expiresAt);
  }

  ended(connection: LiveSession): void {
    const { deviceId } = connection.caller;
    this.#wheel.remove(connection);
    if (this.#live.get(deviceId) === connection) this.#live.delete(deviceId);
  }

  drop(deviceId: string, cause: DisconnectCause): void {
    this.#live.get(deviceId)?.close(cause);
  }

  dropWhere(isRevoked: (caller: DeviceCaller) => boolean, cause: DisconnectCause): void {
    for (const connection of [...this.#live.values()]) if (isRevoked(connection.caller)) connection.close(cause);
  }
}
