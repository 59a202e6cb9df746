import { assert } from '#base/assert.ts';
import { checkIfMatch } from '#base/etag.ts';
import { requireDeviceId } from '#base/ids.ts';
import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { PastThumbprint } from '#storage/past-thumbprints.ts';
import type { KeySealer } from '#storage/sealed-keys.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import { completeKeys } from '#trust/symmetric-keys.ts';
import { identityNotFound } from '../identity.ts';
import { IdentityQueue } from '../identity-queue.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import type { DisconnectCause, Presence } from '../presence/presence.ts';
import { formatTwin, type Twin } from '../twins/twin.ts';
import type { NewTwin, Twins } from '../twins/twins.ts';
import type { CredentialWatches } from './credential-watches.ts';
import {
  type AskedAuthentication,
  type Device,
  type DeviceAuthentication,
  type DeviceStatus,
  generatedKeyBytes,
  isSameAuthentication,
  newEtag,
  newGenerationId,
  normalizeAuthentication,
} from './device.ts';
import { DeviceStore } from './device-store.ts';
import { type AskedEdgePlace, type EdgePlace, ownScope, placeAfter, requireParent } from './edge-scope.ts';
import { type RegistryLimits, registryLimits } from './limits.ts';
import { Modules } from './modules.ts';

export type NewDevice = AskedEdgePlace & {
  readonly deviceId: string;
  readonly authentication: AskedAuthentication;
  /** Default true. */
  readonly isEnabled?: boolean;
  readonly statusReason?: string;
  readonly initialTwin?: InitialTwin;
};

/** What an owner changes of an identity; what is left out stays. An empty reason is none. */
export type DeviceChange = AskedEdgePlace & {
  readonly isEnabled?: boolean;
  readonly statusReason?: string;
  readonly authentication?: AskedAuthentication;
};

export type InitialTwin = { readonly tags?: JsonObject; readonly desired?: JsonObject };

const noIds: ReadonlySet<string> = new Set();

/** A device that nobody has stored yet, with its twin. */
type PreparedDevice = { readonly device: Device; readonly twin: NewTwin };

export type ProvisionedDevice = Pick<NewDevice, 'deviceId' | 'authentication' | 'initialTwin'>;

/**
 * The devices a hub knows. A change that takes away what a live session rests on (the credential, the
 * permission to connect, the identity) ends that session before the change is reported as done.
 */
export class Registry {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #store: DeviceStore;
  readonly #twins: Twins;
  readonly #presence: Presence;
  readonly #watches: CredentialWatches;
  readonly #events: HubEvents;
  readonly #devicesMax: number;
  /** Devices, counted on since they were last looked at; those that were deleted meanwhile are in it still. */
  #counted = Number.POSITIVE_INFINITY;
  /** Something was deleted or written since they were looked at: what is full is not counted again for each who comes. */
  #isStale = true;
  #counting: Promise<void> | undefined;
  /** Places that were given to devices so far, and those of them whose devices are written or refused. */
  #granted = 0;
  #ended = 0;
  readonly #queue = new IdentityQueue();
  readonly modules: Modules;

  constructor(options: {
    platform: Platform;
    database: Database;
    hub: string;
    twins: Twins;
    presence: Presence;
    watches: CredentialWatches;
    events: HubEvents;
    sealer: KeySealer;
    limits?: RegistryLimits;
  }) {
    this.#platform = options.platform;
    this.#database = options.database;
    this.#store = new DeviceStore(options.database, options.hub, options.sealer);
    this.#twins = options.twins;
    this.#presence = options.presence;
    this.#watches = options.watches;
    this.#events = options.events;
    this.#devicesMax = (options.limits ?? registryLimits).devicesMax;
    this.modules = new Modules({ ...options, devices: this.#store, queue: this.#queue });
  }

  /** Throws Problem `already-exists`, `argument-invalid`, `twin-invalid` or, where the hub is full, `quota-exceeded`. */
  async create(input: NewDevice): Promise<Device> {
    const [created] = await this.createMany([input]);
    assert(created !== undefined, 'a device is created or refused');
    if (created instanceof Problem) throw created;
    return created;
  }

  /**
   * Creates devices of different ids, a hundred at most, in one transaction. Says of each, in their order, which device it is
   * or why there is none, as `create` throws it; the others are created.
   */
  async createMany(inputs: readonly NewDevice[]): Promise<(Device | Problem)[]> {
    const prepared = await Promise.all(inputs.map((input) => this.#prepare(input)));
    const asked = prepared.filter((each): each is PreparedDevice => !(each instanceof Problem));
    return this.#withPlaces(asked.length, async (granted) => {
      // A place is for a device that is new: where there are too few, those that exist leave theirs to the others.
      const known = granted < asked.length ? await this.existing(asked.map(({ device }) => device.deviceId)) : noIds;
      const wanted = asked.filter(({ device }) => !known.has(device.deviceId));
      const fresh = wanted.slice(0, granted);
      const ids = fresh.map(({ device }) => device.deviceId);
      const created = await this.#queue.runAll(ids, () => this.#insert(fresh));
      const refused = new Set(wanted.slice(granted));
      return prepared.map((each) => {
        if (each instanceof Problem) return each;
        if (refused.has(each)) return this.#full();
        const { device } = each;
        return created.has(device.deviceId) ? device : new Problem('already-exists', `A device ${device.deviceId} exists.`);
      });
    });
  }

  /** Which of these there are. */
  existing(deviceIds: readonly string[]): Promise<Set<string>> {
    return this.#store.existing(deviceIds);
  }

  load(deviceId: string): Promise<Device | undefined> {
    return this.#store.load(deviceId);
  }

  /** Throws Problem `device-not-found`. */
  async require(deviceId: string): Promise<Device> {
    const device = await this.#store.load(deviceId);
    if (device) return device;
    throw identityNotFound({ deviceId });
  }

  /** Ordered by device id, after `after`, at most 1000. */
  list(options: { after?: string; limit?: number } = {}): Promise<Device[]> {
    const { listMax } = registryLimits;
    const limit = Math.min(Math.max(1, options.limit ?? listMax), listMax);
    return this.#store.list(options.after ?? '', limit);
  }

  /** What thumbprints the device had before those it has, newest first; the last few. */
  pastThumbprints(deviceId: string): Promise<PastThumbprint[]> {
    return this.#store.pastThumbprints(deviceId);
  }

  /** A few ids that are spelled almost like this one may be among these. */
  neighbours(deviceId: string): Promise<string[]> {
    return this.#store.neighbours(deviceId, registryLimits.neighboursMax);
  }

  count(): Promise<{ total: number; enabled: number }> {
    return this.#store.count();
  }

  /**
   * Changes what `change` names, if the identity has the etag that `ifMatch` names. A session ends only when
   * the device may no longer sign in as it did. Throws Problem `device-not-found`, `precondition-failed` or
   * `argument-invalid`.
   */
  update(deviceId: string, change: DeviceChange, ifMatch?: string): Promise<Device> {
    return this.#queue.run(deviceId, async () => {
      const present = await this.require(deviceId);
      checkIfMatch(ifMatch, present.etag);
      const before = present.ownStatus ?? present;
      const { isEnabled, statusReason = '' } = statusAfter(present, change);
      const asked = change.authentication && this.#normalize(deviceId, change.authentication, present.authentication);
      const isReplaced = asked !== undefined && !isSameAuthentication(present.authentication, asked);
      const authentication = asked && isReplaced ? asked : present.authentication;
      const place = placeAfter(present, change);
      const isMoved = place.isEdge !== present.isEdge || place.parentScope !== present.parentScope;
      const isSameStatus = isEnabled === before.isEnabled && statusReason === (before.statusReason ?? '');
      if (!isReplaced && !isMoved && isSameStatus) return present;
      if (isMoved) await this.#requireParent({ deviceId, ...place });
      const status: DeviceStatus = { isEnabled, ...(statusReason === '' ? {} : { statusReason }) };
      const changed = {
        ...withPlace(withStatus(present, status), place),
        authentication,
        ...(isEnabled === before.isEnabled ? {} : { statusUpdatedAt: this.#platform.clock.now() }),
      };
      const cause = changed.isEnabled ? (isReplaced ? 'credential-changed' : undefined) : 'device-disabled';
      const device = await this.#replace(changed, present, cause);
      if (!changed.isEnabled) await this.modules.disabled(deviceId);
      return device;
    });
  }

  /** A disabled device cannot sign in, and its session ends at once. */
  setEnabled(deviceId: string, isEnabled: boolean): Promise<Device> {
    return this.update(deviceId, { isEnabled });
  }

  /**
   * Keeps the devices out for `reason`, or lets them go again without one; those that are not there are passed over.
   * Apart from what their owners say: a device that was disabled stays so when it is let go. Many at once, because whole
   * groups are held, and each one's session should not wait for the others' syncs.
   */
  async hold(deviceIds: readonly string[], reason: string | undefined): Promise<void> {
    const now = this.#platform.clock.now();
    const count = await this.#store.hold(deviceIds, { reason, etag: newEtag(this.#platform.random), now });
    if (count === 0) return;
    this.#platform.log.info(reason === undefined ? 'devices.released' : 'devices.held', { count, reason });
    if (reason === undefined) return;
    const held = new Set(deviceIds);
    for (const deviceId of held) this.#watches.changed(deviceId);
    this.#presence.dropWhere(({ deviceId }) => held.has(deviceId), 'device-disabled');
  }

  /** The devices that are kept out, by id, after `after`. */
  listHeld(after: string, limit: number): Promise<string[]> {
    return this.#store.listHeld(after, limit);
  }

  /** Replaces how the device signs in; a session that rests on the old way ends at once. */
  setAuthentication(deviceId: string, authentication: AskedAuthentication): Promise<Device> {
    return this.update(deviceId, { authentication });
  }

  /**
   * Deletes the identity with its twin and its modules and ends their sessions. Throws Problem
   * `device-not-found` or `precondition-failed`.
   */
  delete(deviceId: string, ifMatch?: string): Promise<void> {
    return this.#queue.run(deviceId, async () => {
      const present = await this.require(deviceId);
      checkIfMatch(ifMatch, present.etag);
      const twin = await this.#twins.load(deviceId);
      const forgetModules = await this.modules.beforeDeletion(deviceId);
      const isDeleted = await inTransaction(this.#database, async (transaction) => {
        if (present.isEdge) await this.#orphan(transaction, present);
        return this.#store.delete(transaction, deviceId);
      });
      if (!isDeleted) throw identityNotFound({ deviceId });
      this.#isStale = true;
      forgetModules();
      this.#revoke(deviceId, 'device-deleted');
      this.#presence.forget(deviceId);
      this.#reportLifecycle('deleteDeviceIdentity', twin);
    });
  }

  /**
   * What provisioning does at each registration: makes the device or gives it the credential it just
   * registered with, and ends any session it has. A disabled device stays disabled, one that was held is let go, since
   * whoever registers came in by an enrollment that lets it; the initial twin
   * is for a new device only, since an owner may have changed the old one.
   */
  async provision(input: ProvisionedDevice): Promise<{ device: Device; isNew: boolean }> {
    requireDeviceId(input.deviceId);
    const created = this.#newDevice(input);
    return this.#queue.run(input.deviceId, async () => {
      const present = await this.#store.load(input.deviceId);
      if (!present) {
        const twin = this.#twins.prepare(input.deviceId, input.initialTwin ?? {});
        return this.#withPlaces(1, async (granted) => {
          if (granted === 0) throw this.#full();
          const inserted = await this.#insert([{ device: created, twin }]);
          if (inserted.size > 0) return { device: created, isNew: true };
          throw new Problem('conflict', `The device ${input.deviceId} is being created by someone else.`);
        });
      }
      const { statusReason: _, ownStatus, ...rest } = present;
      const device = await this.#replace(
        { ...rest, ...(ownStatus ?? statusOf(present)), authentication: created.authentication },
        present,
        'credential-changed',
      );
      return { device, isNew: false };
    });
  }

  #newDevice(input: NewDevice): Device {
    const now = this.#platform.clock.now();
    const identity = { deviceId: input.deviceId, generationId: newGenerationId(this.#platform.random) };
    return {
      ...identity,
      ...placeAfter({ ...identity, isEdge: false }, input),
      etag: newEtag(this.#platform.random),
      isEnabled: input.isEnabled ?? true,
      ...(input.statusReason ? { statusReason: input.statusReason } : {}),
      authentication: this.#normalize(input.deviceId, input.authentication),
      createdAt: now,
      updatedAt: now,
    };
  }

  #normalize(deviceId: string, asked: AskedAuthentication, present?: DeviceAuthentication): DeviceAuthentication {
    return normalizeAuthentication(asked, (chosen) => {
      const known = present?.type === 'sas' ? present.keys.reveal() : {};
      return this.#store.seal(deviceId, completeKeys(this.#platform.random, { ...known, ...chosen }, generatedKeyBytes));
    });
  }

  async #prepare(input: NewDevice): Promise<PreparedDevice | Problem> {
    try {
      requireDeviceId(input.deviceId);
      const device = this.#newDevice(input);
      await this.#requireParent(device);
      return { device, twin: this.#twins.prepare(device.deviceId, input.initialTwin ?? {}) };
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  /**
   * Tells `insert` how many of so many more devices there may be. Only where they seem not to fit is it looked how many
   * there are. What is written meanwhile may count twice then, but never not at all.
   */
  async #withPlaces<T>(wanted: number, insert: (granted: number) => Promise<T>): Promise<T> {
    while (this.#counted + wanted > this.#devicesMax && (this.#counting || this.#isStale)) {
      this.#counting ??= this.#recount().finally(() => {
        this.#counting = undefined;
      });
      await this.#counting;
    }
    const granted = Math.max(0, Math.min(wanted, this.#devicesMax - this.#counted));
    this.#counted += granted;
    this.#granted += granted;
    try {
      return await insert(granted);
    } finally {
      this.#ended += granted;
      if (granted > 0) this.#isStale = true;
    }
  }

  async #recount(): Promise<void> {
    // What is deleted or written from here on may be in it or not.
    this.#isStale = false;
    const ended = this.#ended;
    try {
      const { total } = await this.#store.count();
      this.#counted = total + this.#granted - ended;
    } catch (error) {
      this.#isStale = true;
      throw error;
    }
  }

  #full(): Problem {
    return new Problem('quota-exceeded', `The hub has ${this.#devicesMax} devices, and takes no more.`, {
      reason: 'too-many-devices',
    });
  }

  /** Those whose ids are free, with all that belongs to them; says which those were. */
  async #insert(prepared: readonly PreparedDevice[]): Promise<ReadonlySet<string>> {
    if (prepared.length === 0) return new Set();
    const { ids, reports } = await inTransaction(this.#database, async (transaction) => {
      const devices = prepared.map(({ device }) => device);
      const ids = await this.#store.insert(transaction, devices);
      const inserted = prepared.filter(({ device }) => ids.has(device.deviceId));
      await this.#twins.insert(
        transaction,
        inserted.map(({ twin }) => twin),
      );
      const reports: (() => void)[] = [];
      for (const { device, twin } of inserted) {
        const report = device.isEdge ? await this.modules.createSystem(transaction, device.deviceId) : () => {};
        reports.push(() => {
          this.#reportLifecycle('createDeviceIdentity', twin.twin);
          report();
          this.#platform.log.info('device.created', { deviceId: device.deviceId });
        });
      }
      return { ids, reports };
    });
    for (const report of reports) report();
    return ids;
  }

  async #replace(device: Device, present: Device, cause: DisconnectCause | undefined): Promise<Device> {
    const { random, clock } = this.#platform;
    const replaced = { ...device, etag: newEtag(random), updatedAt: clock.now() };
    const endSystem = present.isEdge && !device.isEdge ? await this.modules.beforeSystemEnds(device.deviceId) : undefined;
    const report = await inTransaction(this.#database, async (transaction) => {
      if (!(await this.#store.replace(transaction, replaced, present.etag))) {
        throw new Problem('conflict', `The device ${device.deviceId} is being changed by someone else.`);
      }
      if (device.isEdge && !present.isEdge) return this.modules.createSystem(transaction, device.deviceId);
      if (!endSystem) return () => {};
      await this.#orphan(transaction, present);
      return endSystem(transaction);
    });
    report();
    if (cause) this.#revoke(device.deviceId, cause);
    return replaced;
  }

  async #requireParent(device: Pick<Device, 'deviceId' | 'isEdge' | 'parentScope'>): Promise<void> {
    await requireParent(device, (deviceId) => this.#store.load(deviceId));
  }

  /** An edge device ends, or ends being one: nobody stands below it any more. */
  #orphan(transaction: Transaction, device: Device): Promise<void> {
    const { random, clock } = this.#platform;
    return this.#store.orphan(transaction, ownScope(device), { etag: newEtag(random), now: clock.now() });
  }

  /** A sign-in that looked at the old identity is told to look again; a session that came in by it ends. */
  #revoke(deviceId: string, cause: DisconnectCause): void {
    this.#watches.changed(deviceId);
    this.#presence.drop(deviceId, cause);
  }

  #reportLifecycle(operation: 'createDeviceIdentity' | 'deleteDeviceIdentity', twin: Twin): void {
    this.#events.record('deviceLifecycleEvents', twin.deviceId, operation, formatTwin(twin));
  }
}

function statusOf({ isEnabled, statusReason }: DeviceStatus): DeviceStatus {
  return { isEnabled, ...(statusReason === undefined ? {} : { statusReason }) };
}

/**
 * What the owner says after `change`. Of a device that is kept out, a caller who read it and writes it back has named
 * the reason for that, and has said nothing of their own.
 */
function statusAfter({ isEnabled, statusReason, ownStatus }: Device, change: DeviceChange): DeviceStatus {
  const before = ownStatus ?? { isEnabled, statusReason };
  const isEcho = ownStatus !== undefined && change.statusReason === statusReason;
  const asked = isEcho && change.isEnabled === false ? undefined : change.isEnabled;
  const reason = isEcho ? undefined : change.statusReason;
  return { isEnabled: asked ?? before.isEnabled, statusReason: reason ?? before.statusReason ?? '' };
}

function withStatus({ isEnabled: _, statusReason, ownStatus, ...rest }: Device, own: DeviceStatus): Device {
  if (!ownStatus) return { ...rest, ...own };
  return { ...rest, isEnabled: false, ...(statusReason === undefined ? {} : { statusReason }), ownStatus: own };
}

function withPlace({ isEdge: _, parentScope: _parent, ...rest }: Device, place: EdgePlace): Device {
  return { ...rest, ...place };
}
