import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { Listeners } from '../listeners.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import { ExpiryWheel } from './expiry-wheel.ts';
import { PresenceStore } from './presence-store.ts';

/** Why a device is no longer connected, for people; hub-device-protocol.md 4.14. */
export type DisconnectCause =
  | 'disconnect'
  | 'connection-lost'
  | 'keep-alive-timeout'
  | 'newer-connection'
  | 'credential-expired'
  | 'credential-changed'
  | 'device-disabled'
  | 'device-deleted'
  | 'protocol-violation'
  | 'client-too-slow'
  | 'storage-unavailable'
  | 'hub-stopped'
  | 'hub-failed';

/** A session as presence sees it: somebody who can be told to go, at once. */
export type LiveSession = {
  readonly caller: DeviceCaller;
  close(cause: DisconnectCause): void;
};

export type PresenceState = {
  readonly isConnected: boolean;
  readonly since: Instant;
  /** Grows with every change of the device, over restarts too. */
  readonly sequence: number;
  /** Why it ended, when it is not connected. */
  readonly cause?: DisconnectCause;
};

export type PresenceChange = PresenceState & { readonly deviceId: string };

/** Changes are written together this long after the first; each is in the event log at once. */
const flushMs = 50;

/** The width of a sequence number in connection events: comparable as text. */
const sequenceDigits = 64;

/**
 * Who is connected. One session per device: the newcomer, authenticated already, ends the older one,
 * and the two events leave in that order. Everything here happens within one turn of the event loop,
 * so that no third party sees a device with two sessions or an event out of order.
 */
export class Presence {
  readonly #platform: Platform;
  readonly #store: PresenceStore;
  readonly #events: HubEvents;
  readonly #wheel: ExpiryWheel<LiveSession>;
  readonly #live = new Map<string, { session: LiveSession; state: PresenceState }>();
  /** Not written yet, or being written; `undefined` for a device that is gone. */
  readonly #unwritten = new Map<string, PresenceState | undefined>();
  readonly #listeners: Listeners<PresenceChange>;
  #scheduled: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();
  #sequence = 0;

  constructor(platform: Platform, database: Database, hub: string, events: HubEvents) {
    this.#platform = platform;
    this.#store = new PresenceStore(database, hub);
    this.#events = events;
    this.#listeners = new Listeners(platform.log, 'presence');
    this.#wheel = new ExpiryWheel(platform.clock, (session) => session.close('credential-expired'));
  }

  /** Whom the last process left connected was cut off when it died: says so in the log, and goes on counting above. */
  async start(): Promise<void> {
    this.#sequence = await this.#store.lastSequence();
    for (const deviceId of await this.#store.listConnected()) this.#record(deviceId, false, 'hub-failed');
    await this.flush();
    this.#wheel.start();
  }

  /** Ends every session and writes what is left. */
  async stop(): Promise<void> {
    this.#wheel.stop();
    for (const { session } of [...this.#live.values()]) session.close('hub-stopped');
    this.#scheduled?.();
    await this.flush();
  }

  /** `session` is now the device's only one. The older one, if any, is closed first. */
  open(session: LiveSession): void {
    const { deviceId, expiresAt } = session.caller;
    this.drop(deviceId, 'newer-connection');
    const state = this.#record(deviceId, true);
    this.#live.set(deviceId, { session, state });
    if (expiresAt !== undefined) this.#wheel.add(session, expiresAt);
    this.#tell(deviceId, state);
  }

  /** The session is over. Says whether it was the device's present one; an older one has been reported already. */
  ended(session: LiveSession, cause: DisconnectCause): boolean {
    const { deviceId } = session.caller;
    this.#wheel.remove(session);
    if (this.#live.get(deviceId)?.session !== session) return false;
    this.#live.delete(deviceId);
    this.#tell(deviceId, this.#record(deviceId, false, cause));
    return true;
  }

  /** Closes the device's session, if it has one; it is over when this returns. */
  drop(deviceId: string, cause: DisconnectCause): void {
    const live = this.#live.get(deviceId);
    if (!live) return;
    live.session.close(cause);
    this.ended(live.session, cause);
  }

  /** Closes every session for which `isRevoked` says so. */
  dropWhere(isRevoked: (caller: DeviceCaller) => boolean, cause: DisconnectCause): void {
    for (const { session } of [...this.#live.values()]) if (isRevoked(session.caller)) this.drop(session.caller.deviceId, cause);
  }

  /** The device was deleted: nothing more is known of it. */
  forget(deviceId: string): void {
    this.#unwritten.set(deviceId, undefined);
    this.#schedule();
  }

  isConnected(deviceId: string): boolean {
    return this.#live.has(deviceId);
  }

  get connectedCount(): number {
    return this.#live.size;
  }

  /** Undefined for a device that was never connected. */
  async load(deviceId: string): Promise<PresenceState | undefined> {
    const live = this.#live.get(deviceId);
    if (live) return live.state;
    return this.#unwritten.has(deviceId) ? this.#unwritten.get(deviceId) : this.#store.load(deviceId);
  }

  /** Of at most a page of devices; those that were never connected are missing. */
  async loadMany(deviceIds: readonly string[]): Promise<Map<string, PresenceState>> {
    const states = await this.#store.loadMany(deviceIds);
    for (const deviceId of deviceIds) {
      const newer = this.#live.get(deviceId)?.state ?? this.#unwritten.get(deviceId);
      if (newer) states.set(deviceId, newer);
      else if (this.#unwritten.has(deviceId)) states.delete(deviceId);
    }
    return states;
  }

  onChange(listener: (change: PresenceChange) => void): Cancel {
    return this.#listeners.add(listener);
  }

  /** Writes what is pending; resolves when it is stored. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #record(deviceId: string, isConnected: boolean, cause?: DisconnectCause): PresenceState {
    const since = this.#platform.clock.now();
    // Time gives a floor that a process which died before it wrote its last changes cannot have used.
    this.#sequence = Math.max(this.#sequence + 1, since);
    const state: PresenceState = { isConnected, since, sequence: this.#sequence, ...(cause === undefined ? {} : { cause }) };
    this.#unwritten.set(deviceId, state);
    this.#schedule();
    this.#events.record('deviceConnectionStateEvents', deviceId, isConnected ? 'deviceConnected' : 'deviceDisconnected', {
      sequenceNumber: state.sequence.toString(16).toUpperCase().padStart(sequenceDigits, '0'),
    });
    this.#platform.log.info(isConnected ? 'device.connected' : 'device.disconnected', {
      deviceId,
      ...(cause === undefined ? {} : { cause }),
    });
    return state;
  }

  #tell(deviceId: string, state: PresenceState): void {
    this.#listeners.tell({ deviceId, ...state });
  }

  #schedule(): void {
    this.#scheduled ??= this.#platform.clock.after(flushMs, () => {
      this.#scheduled = undefined;
      void this.flush();
    });
  }

  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const batch = new Map(this.#unwritten);
    try {
      await this.#store.saveAll(batch);
      for (const [deviceId, state] of batch) {
        if (this.#unwritten.get(deviceId) === state) this.#unwritten.delete(deviceId);
      }
    } catch (error) {
      this.#platform.log.error('presence.unwritten', { error: String(error), count: batch.size });
      this.#schedule();
    }
  }
}
