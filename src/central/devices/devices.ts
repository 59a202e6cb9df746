import type { Cancel } from '#base/clock.ts';
import { isDeviceId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import type { Templates } from '../templates/templates.ts';
import { type Device, isEnabled } from './device.ts';
import { DeviceStore } from './device-store.ts';

/** What Central asks of the hub and the provisioning service when a device is blocked or deleted. */
export type Identities = {
  /** The hub's; throws Problem `device-not-found` for a device that was never provisioned. */
  setEnabled(deviceId: string, isEnabled: boolean): Promise<unknown>;
  delete(deviceId: string): Promise<unknown>;
  /** The provisioning service's record of the registration. */
  deleteRegistration(registrationId: string): Promise<unknown>;
};

export type DeviceChange = { displayName?: string; templateId?: string | undefined; isEnabled?: boolean };

const updateAttemptsMax = 8;

/** The devices of the application. */
export class Devices {
  readonly #platform: Platform;
  readonly #store: DeviceStore;
  readonly #templates: Templates;
  readonly #identities: Identities;
  readonly #changeListeners = new Set<(deviceId: string) => void>();
  readonly #modelListeners = new Set<(deviceId: string) => void>();
  readonly #removalListeners = new Set<(deviceId: string) => Promise<void> | void>();

  constructor(platform: Platform, database: Database, templates: Templates, identities: Identities) {
    this.#platform = platform;
    this.#store = new DeviceStore(database);
    this.#templates = templates;
    this.#identities = identities;
  }

  load(deviceId: string): Promise<Device | undefined> {
    return this.#store.load(deviceId);
  }

  async require(deviceId: string): Promise<Device> {
    const device = await this.load(deviceId);
    if (!device) throw new Problem('device-not-found', 'There is no such device.');
    return device;
  }

  list(after: string | undefined, limit: number): Promise<Device[]> {
    return this.#store.list(after, limit);
  }

  countByGroup(): Promise<Map<string, number>> {
    return this.#store.countByGroup();
  }

  /** What the device's template says it can do; undefined for an Unassigned or unknown device. */
  async modelOf(deviceId: string): Promise<DeviceModel | undefined> {
    const device = await this.load(deviceId);
    return device?.templateId === undefined ? undefined : this.#templates.modelOf(device.templateId);
  }

  /** Makes a Registered device by hand. It becomes Provisioned when it first registers. */
  async create(
    _caller: UserCaller,
    deviceId: string,
    options: { displayName?: string; templateId?: string; isEnabled?: boolean } = {},
  ): Promise<Device> {
    if (!isDeviceId(deviceId)) throw new Problem('argument-invalid', 'This cannot be a device id.');
    if (options.templateId !== undefined) await this.#requireTemplate(options.templateId);
    return this.insert({
      deviceId,
      displayName: options.displayName ?? deviceId,
      ...(options.templateId === undefined ? {} : { templateId: options.templateId }),
      isBlocked: options.isEnabled === false,
      isApproved: true,
      isProvisioned: false,
      isSimulated: false,
    });
  }

  /** For admit-device.ts: a device that came by itself. Throws Problem `already-exists`. */
  async insert(facts: Omit<Device, 'etag' | 'createdAt' | 'updatedAt'>): Promise<Device> {
    const now = this.#platform.clock.now();
    const device: Device = { ...facts, etag: this.#newEtag(), createdAt: now, updatedAt: now };
    if (!(await this.#store.insert(device))) throw new Problem('already-exists', 'There is a device of this id.');
    this.#platform.log.info('device.registered', { deviceId: device.deviceId, enrollmentGroupId: device.enrollmentGroupId });
    this.#announceModel(device.deviceId);
    this.announce(device.deviceId);
    return device;
  }

  /** Renames, assigns a template, blocks, unblocks or approves. */
  async change(caller: UserCaller, deviceId: string, change: DeviceChange, etag?: string): Promise<Device> {
    if (change.templateId !== undefined) await this.#requireTemplate(change.templateId);
    const before = await this.require(deviceId);
    const after = await this.update(deviceId, (device) => applyChange(device, change), etag);
    if (isEnabled(before) !== isEnabled(after)) {
      await this.#setIdentityEnabled(after);
      this.#platform.log.info(isEnabled(after) ? 'device.enabled' : 'device.disabled', {
        deviceId: after.deviceId,
        by: caller.displayName,
      });
    }
    return after;
  }

  /** For the rooms that learn about devices: applies `edit` to the newest state, again when somebody else was faster. */
  async update(deviceId: string, edit: (device: Device) => Device, etag?: string): Promise<Device> {
    for (let attempt = 0; attempt < updateAttemptsMax; attempt++) {
      const current = await this.require(deviceId);
      if (etag !== undefined && etag !== current.etag) {
        throw new Problem('precondition-failed', 'The device changed since it was read.');
      }
      const edited = edit(current);
      if (edited === current) return current;
      const next: Device = { ...edited, etag: this.#newEtag(), updatedAt: this.#platform.clock.now() };
      if (await this.#store.update(next, current.etag)) {
        if (next.templateId !== current.templateId) this.#announceModel(next.deviceId);
        this.announce(next.deviceId);
        return next;
      }
    }
    throw new Problem('conflict', 'The device is being changed by others at the same time; try again.');
  }

  /**
   * Deletes the device here, in the hub and in the provisioning service. If its credentials still
   * count and its group connects devices by itself, it comes back on its next connect.
   */
  async delete(caller: UserCaller, deviceId: string): Promise<void> {
    const device = await this.require(deviceId);
    // The identity goes first: whatever fails after that, the device can no longer sign in.
    await ignoreMissing(this.#identities.delete(device.deviceId));
    await ignoreMissing(this.#identities.deleteRegistration(device.deviceId));
    for (const listener of this.#removalListeners) await listener(device.deviceId);
    await this.#store.delete(device.deviceId);
    this.#announceModel(device.deviceId);
    this.#platform.log.info('device.deleted', { deviceId: device.deviceId, by: caller.displayName });
    this.announce(device.deviceId);
  }

  /** Makes the hub agree with a blocked device, whose registration may have been under way when it was blocked. */
  async enforceBlock(deviceId: string): Promise<void> {
    const device = await this.load(deviceId);
    if (device && !isEnabled(device)) await this.#setIdentityEnabled(device);
  }

  /** When devices were last heard of; those that are not of the application are passed over. */
  async saveSeen(seen: ReadonlyMap<string, Device['createdAt']>): Promise<void> {
    if (seen.size > 0) await this.#store.saveSeen(seen);
  }

  /** Calls `listener` whenever something about a device may look different, also when it is gone. */
  onChange(listener: (deviceId: string) => void): Cancel {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Calls `listener` after `modelOf` of a device has another answer. */
  onModelChange(listener: (deviceId: string) => void): Cancel {
    this.#modelListeners.add(listener);
    return () => this.#modelListeners.delete(listener);
  }

  /** Calls `listener` while a device is being deleted, so that rooms forget what they know of it. */
  onRemoval(listener: (deviceId: string) => Promise<void> | void): Cancel {
    this.#removalListeners.add(listener);
    return () => this.#removalListeners.delete(listener);
  }

  announce(deviceId: string): void {
    for (const listener of this.#changeListeners) listener(deviceId);
  }

  #announceModel(deviceId: string): void {
    for (const listener of this.#modelListeners) listener(deviceId);
  }

  async #setIdentityEnabled(device: Device): Promise<void> {
    await ignoreMissing(this.#identities.setEnabled(device.deviceId, isEnabled(device)));
  }

  async #requireTemplate(templateId: string): Promise<void> {
    if (!(await this.#templates.load(templateId))) throw new Problem('argument-invalid', 'There is no such device template.');
  }

  #newEtag(): string {
    return randomToken(this.#platform.random, 9);
  }
}

function applyChange(device: Device, change: DeviceChange): Device {
  const { templateId: _, ...unassigned } = device;
  const template = 'templateId' in change ? change.templateId : device.templateId;
  return {
    ...unassigned,
    ...(template === undefined ? {} : { templateId: template }),
    ...(change.displayName === undefined ? {} : { displayName: change.displayName }),
    ...(change.isEnabled === undefined ? {} : { isBlocked: !change.isEnabled }),
    // Enabling a device that waits is what Approve does; blocking one that waits leaves it waiting behind the block.
    ...(change.isEnabled === true && !device.isBlocked ? { isApproved: true } : {}),
  };
}

async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const code = error instanceof Problem ? error.code : undefined;
    if (code !== 'device-not-found' && code !== 'registration-not-found' && code !== 'not-found') throw error;
  }
}
