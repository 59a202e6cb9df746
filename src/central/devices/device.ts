import type { Instant } from '#base/instant.ts';

/** A device as Central knows it. The identity that signs in at the hub is the hub's; it exists once the device is provisioned. */
export type Device = {
  readonly deviceId: string;
  readonly displayName: string;
  readonly templateId?: string;
  /** What the device said it is, whether or not a template knows it. */
  readonly modelId?: string;
  readonly isBlocked: boolean;
  /** False: it came through a group that does not connect devices by itself, and nobody has approved it yet. */
  readonly isApproved: boolean;
  readonly isProvisioned: boolean;
  readonly isSimulated: boolean;
  readonly enrollmentGroupId?: string;
  /** What its certificate says of how far it was attested, in words. */
  readonly assurance?: string;
  readonly lastSeenAt?: Instant;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type DeviceStatus = 'Registered' | 'Provisioned' | 'Blocked' | 'Waiting for approval';

/** The status word of central.md 2.1. Blocked wins: it can be reached from any other and leads back to it. */
export function statusOf(device: Pick<Device, 'isBlocked' | 'isApproved' | 'isProvisioned'>): DeviceStatus {
  if (device.isBlocked) return 'Blocked';
  if (!device.isApproved) return 'Waiting for approval';
  return device.isProvisioned ? 'Provisioned' : 'Registered';
}

/** The `enabled` of the public API: false for blocked devices and for those that wait. */
export function isEnabled(device: Pick<Device, 'isBlocked' | 'isApproved'>): boolean {
  return !device.isBlocked && device.isApproved;
}

/** Registration ids are compared without regard to case; only ASCII letters occur in them. */
export function foldDeviceId(deviceId: string): string {
  return deviceId.toLowerCase();
}
