import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { identityName, parseIdentityName } from '../identity.ts';
import { Listeners } from '../listeners.ts';
import type { HubEvents, HubOperation } from '../messages/hub-events.ts';
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
  | 'certificate-revoked'
  | 'device-disabled'
  | 'device-deleted'
  | 'protocol-violation'
  | 'client-too-slow'
  | 'throttled'
  | 'quota-exceeded'
  | 'fault-injected'
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
  /** Grows with every change of the identity, over restarts too. */
  readonly sequence: number;
  /** Why it ended, when it is not connected. */
  readonly cause?: DisconnectCause;
};

/** Whoever else lets in who may sign in here: what ends a session here ends theirs too, and what is forgotten here is there. */
export type OtherDoor = {
  drop(identity: string, cause: DisconnectCause): void;
  dropWhere(isRevoked: (caller: DeviceCaller) => boolean, cause: DisconnectCause): void;
  forget(identity: string): void;
};

export type PresenceChange = PresenceState & { readonly identity: string };

/** Changes are written together this long after the first; each is in the event log at once. */
const flushMs = 50;

/** The width of a sequence number in connection events: comparable as text. */
const sequenceDigits = 64;

/**
 * Who is connected, by the name of the device or module (identity.ts). One session each: the newcomer,
 * authenticated already, ends the older one, and the two events leave in that order. Everything here
 * happens within one turn of the event loop, so that no third party sees an identity with two sessions or
 * an event out of order.
 */
export class Presence {
  readonly #platform: Platform;
  readonly #store: PresenceStore;
  readonly #events: HubEvents;
  readonly #wheel: ExpiryWheel<LiveSession>;
  readonly #live = new Map<string, { session: LiveSession; state: PresenceState }>();
  /** Not written yet, or being written; `undefined` for one that is gone. */
  readonly #unwritten = new Map<string, PresenceState | undefined>();
  readonly #listeners: Listeners<PresenceChange>;
  readonly #doors: OtherDoor[] = [];
  #scheduled: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();
  #sequence = 0;
  #connectedModules = 0;

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
    for (const identity of await this.#store.listConnected()) this.#record(identity, false, 'hub-failed');
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

  /** `session` is now the only one of its identity. The older one, if any, is closed first. */
  open(session: LiveSession): void {
    const { moduleId, expiresAt } = session.caller;
    const identity = identityName(session.caller);
    this.#drop(identity, 'newer-connection');
    const state = this.#record(identity, true);
    this.#live.set(identity, { session, state });
    if (moduleId !== undefined) this.#connectedModules += 1;
    if (expiresAt !== undefined) this.#wheel.add(session, expiresAt);
    this.#tell(identity, state);
  }

  /** The session is over. Says whether it was the identity's present one; an older one has been reported already. */
  ended(session: LiveSession, cause: DisconnectCause): boolean {
    const { moduleId } = session.caller;
    const identity = identityName(session.caller);
    this.#wheel.remove(session);
    if (this.#live.get(identity)?.session !== session) return false;
    this.#live.delete(identity);
    if (moduleId !== undefined) this.#connectedModules -= 1;
    this.#tell(identity, this.#record(identity, false, cause));
    return true;
  }

  /** The session goes on under a fresh credential, until that ends: `caller` says when. */
  renewed(session: LiveSession): void {
    const { expiresAt } = session.caller;
    this.#wheel.remove(session);
    if (expiresAt !== undefined && this.#live.get(identityName(session.caller))?.session === session) {
      this.#wheel.add(session, expiresAt);
    }
  }

  /** Whoever is dropped or forgotten here is dropped and forgotten there. */
  join(door: OtherDoor): void {
    this.#doors.push(door);
  }

  /** Closes the identity's session, if it has one; it is over when this returns. */
  drop(identity: string, cause: DisconnectCause): void {
    for (const door of this.#doors) door.drop(identity, cause);
    this.#drop(identity, cause);
  }

  #drop(identity: string, cause: DisconnectCause): void {
    const live = this.#live.get(identity);
    if (!live) return;
    live.session.close(cause);
    this.ended(live.session, cause);
  }

  /** Closes every session for which `isRevoked` says so. */
  dropWhere(isRevoked: (caller: DeviceCaller) => boolean, cause: DisconnectCause): void {
    for (const door of this.#doors) door.dropWhere(isRevoked, cause);
    for (const { session } of [...this.#live.values()])
      if (isRevoked(session.caller)) this.#drop(identityName(session.caller), cause);
  }

  /** The identity was deleted: nothing more is known of it. */
  forget(identity: string): void {
    for (const door of this.#doors) door.forget(identity);
    this.#unwritten.set(identity, undefined);
    this.#schedule();
  }

  isConnected(identity: string): boolean {
    return this.#live.has(identity);
  }

  /** Everybody who is connected, devices and modules. */
  get connected(): Iterable<string> {
    return this.#live.keys();
  }

  /** Devices alone: modules are part of one. */
  get connectedCount(): number {
    return this.#live.size - this.#connectedModules;
  }

  /** Undefined for one that was never connected. */
  async load(identity: string): Promise<PresenceState | undefined> {
    const live = this.#live.get(identity);
    if (live) return live.state;
    return this.#unwritten.has(identity) ? this.#unwritten.get(identity) : this.#store.load(identity);
  }

  /** Of at most a page of them; those that were never connected are missing. */
  async loadMany(identities: readonly string[]): Promise<Map<string, PresenceState>> {
    const states = await this.#store.loadMany(identities);
    for (const identity of identities) {
      const newer = this.#live.get(identity)?.state ?? this.#unwritten.get(identity);
      if (newer) states.set(identity, newer);
      else if (this.#unwritten.has(identity)) states.delete(identity);
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

  #record(identity: string, isConnected: boolean, cause?: DisconnectCause): PresenceState {
    const since = this.#platform.clock.now();
    // Time gives a floor that a process which died before it wrote its last changes cannot have used.
    this.#sequence = Math.max(this.#sequence + 1, since);
    const state: PresenceState = { isConnected, since, sequence: this.#sequence, ...(cause === undefined ? {} : { cause }) };
    this.#unwritten.set(identity, state);
    this.#schedule();
    const { deviceId, moduleId } = parseIdentityName(identity);
    this.#events.record('deviceConnectionStateEvents', identity, operationOf(moduleId !== undefined, isConnected), {
      sequenceNumber: state.sequence.toString(16).toUpperCase().padStart(sequenceDigits, '0'),
    });
    this.#platform.log.info(isConnected ? 'device.connected' : 'device.disconnected', {
      deviceId,
      ...(moduleId === undefined ? {} : { moduleId }),
      ...(cause === undefined ? {} : { cause }),
    });
    return state;
  }

  #tell(identity: string, state: PresenceState): void {
    this.#listeners.tell({ identity, ...state });
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
      for (const [identity, state] of batch) {
        if (this.#unwritten.get(identity) === state) this.#unwritten.delete(identity);
      }
    } catch (error) {
      this.#platform.log.error('presence.unwritten', { error: String(error), count: batch.size });
      this.#schedule();
    }
  }
}

function operationOf(isModule: boolean, isConnected: boolean): HubOperation {
  if (isModule) return isConnected ? 'moduleConnected' : 'moduleDisconnected';
  return isConnected ? 'deviceConnected' : 'deviceDisconnected';
}
