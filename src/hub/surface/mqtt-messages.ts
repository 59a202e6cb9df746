import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { MqttServerSession } from '#wire/mqtt/server-session.ts';
import type { Receiver } from '../cloud-to-device/attachment.ts';
import type { CloudToDevice, Delivery } from '../cloud-to-device/cloud-to-device.ts';
import { type DeliveredMessage, messageTopic } from '../cloud-to-device/message.ts';
import type { MqttSubscriptions } from './mqtt-subscriptions.ts';

export type MqttMessagesOptions = {
  readonly log: Log;
  readonly cloudToDevice: Pick<CloudToDevice, 'attach' | 'complete' | 'limits'>;
  readonly session: MqttServerSession;
  readonly queue: string;
  /** Those under which the messages of the queue come. */
  readonly filters: readonly string[];
  readonly subscriptions: MqttSubscriptions;
};

/**
 * Messages of one queue to one MQTT session (hub-device-protocol.md 4.8). PUBACK completes a message; with QoS 0 it is
 * complete when it is written. MQTT knows no other outcome, so what is not acknowledged comes again.
 */
export class MqttMessages implements Receiver {
  readonly #options: MqttMessagesOptions;
  /** Lock tokens of what waits for its PUBACK, by packet id. */
  readonly #unacknowledged = new Map<number, string>();
  #delivery: Delivery | undefined;

  constructor(options: MqttMessagesOptions) {
    this.#options = options;
  }

  /** Brings the delivery in line with the subscriptions. */
  listen(): void {
    if (this.#qos === undefined) this.end();
    else this.#delivery ??= this.#options.cloudToDevice.attach(this.#options.queue, this);
  }

  end(): void {
    this.#delivery?.detach();
    this.#delivery = undefined;
  }

  acknowledged(packetId: number): void {
    const lockToken = this.#unacknowledged.get(packetId);
    if (lockToken === undefined) return;
    this.#unacknowledged.delete(packetId);
    this.#complete(lockToken);
  }

  writable(): void {
    this.#delivery?.resume();
  }

  /** Receiver: packets of which the client has not acknowledged the copy either, although their lock is over, count. */
  get room(): number {
    return this.#options.cloudToDevice.limits.pendingMax - this.#unacknowledged.size;
  }

  /** Receiver. */
  deliver(message: DeliveredMessage): boolean {
    const qos = this.#qos;
    if (qos === undefined) return false;
    const topic = messageTopic(message);
    const { body: payload, isRedelivered: dup } = message;
    const packetId = this.#options.session.publish({ topic, payload, qos, dup: qos === 1 && dup });
    if (packetId === false) return false;
    if (qos === 1) this.#unacknowledged.set(packetId, message.lockToken);
    else this.#complete(message.lockToken);
    return true;
  }

  get #qos(): 0 | 1 | undefined {
    const { filters, subscriptions } = this.#options;
    const granted = filters.map((filter) => subscriptions.granted(filter)).filter((qos) => qos !== undefined);
    return granted.length === 0 ? undefined : granted.includes(1) ? 1 : 0;
  }

  #complete(lockToken: string): void {
    this.#options.cloudToDevice
      .complete(this.#options.queue, lockToken)
      .catch((error) => {
        // Too late, or purged: it comes again, or is no more. Nobody could be told.
        if (error instanceof Problem) return;
        this.#options.log.error('cloud-to-device.unsettled', { identity: this.#options.queue, error: String(error) });
      })
      .finally(() => this.#delivery?.resume());
  }
}
