import { deriveDeviceKey, type SymmetricKeys } from '#trust/symmetric-keys.ts';
import type { ConnectionGroups } from '../connection/connection-groups.ts';
import type { Device } from './device.ts';

/** The group that a device registers through which nobody has seen yet (central.md 1.11). */
const firstGroupId = 'SAS-IoT-Devices';

/** What a device needs to register by key: nothing is kept, since its keys follow from its group's. */
export class DeviceCredentials {
  readonly #groups: Pick<ConnectionGroups, 'load'>;

  constructor(groups: Pick<ConnectionGroups, 'load'>) {
    this.#groups = groups;
  }

  /** Undefined for a device that registers by certificate, and where its group is gone. */
  async loadKeys(device: Pick<Device, 'deviceId' | 'enrollmentGroupId'>): Promise<SymmetricKeys | undefined> {
    const group = await this.#groups.load(device.enrollmentGroupId ?? firstGroupId);
    if (group?.attestation.type !== 'symmetricKey') return undefined;
    const { primaryKey, secondaryKey } = group.attestation.keys.reveal();
    return {
      primaryKey: deriveDeviceKey(primaryKey, device.deviceId),
      secondaryKey: deriveDeviceKey(secondaryKey, device.deviceId),
    };
  }
}
