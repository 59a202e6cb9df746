import { Problem } from '#base/problem.ts';
import type { RevocationLists } from '#sphere/revocation/revocation-lists.ts';
import type { ClaimedDevice, Devices } from './devices.ts';

export type DeviceStatusRooms = { readonly devices: Devices; readonly revocation: RevocationLists };

/** What can be done to a device, and what it is then (sphere.md 1.2). */
export const deviceDeeds = { suspend: 'suspended', resume: 'active', revoke: 'revoked' } as const;
export type DeviceDeed = keyof typeof deviceDeeds;

export type DeviceStatusChange = {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deed: DeviceDeed;
  readonly actor: string;
};

/**
 * Suspends, resumes or revokes a device: from then on it gets no certificate, or gets one again, and those it has are on
 * its CA's revocation list, by which its sessions end. Doing it again changes nothing. Throws Problem `device-not-found`,
 * `conflict` for a revoked device, and `unavailable` when the deed is done but not listed yet.
 */
export async function changeDeviceStatus(
  { devices, revocation }: DeviceStatusRooms,
  { tenantId, deviceId, deed, actor }: DeviceStatusChange,
): Promise<ClaimedDevice> {
  await devices.setStatus(tenantId, deviceId, deviceDeeds[deed], actor);
  try {
    await revocation.refresh();
  } catch (cause) {
    const why = 'the revocation list could not be signed, so its sessions go on for now; the server tries again every minute';
    throw new Problem('unavailable', `The device is ${deviceDeeds[deed]}, but ${why}.`, { cause, reason: 'revocation-list' });
  }
  return devices.require(tenantId, deviceId);
}
