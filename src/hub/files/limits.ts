import { dayMs, hourMs, secondMs } from '#base/instant.ts';

/** Limits of file upload, hub-device-protocol.md 7 and 10. */
export const fileLimits = {
  /** Uploads that a device has begun and not ended; a further one is refused. */
  openPerDeviceMax: 10,
  /** What a device asks for; with its own id and a slash before it, it is at most as long as a blob’s name may be. */
  blobNameLengthMax: 895,
  /** How long a device that comes late hears that it was too late, and not that nobody knows of its upload. */
  expiredKeptMs: dayMs,
  /** Notifications that wait for a reader; above it the oldest go. The cloud's number is not published. */
  notificationsMax: 10_000,
} as const;

/** What an owner may choose, with the cloud's defaults (hub-service-protocol.md 10.2). */
export type FileSettings = {
  /** Whether back ends are told of files. */
  readonly notifications: boolean;
  /** How long a device may take from the beginning of an upload to its end. */
  readonly uploadTimeToLiveMs: number;
  readonly notificationTimeToLiveMs: number;
  readonly notificationDeliveryCountMax: number;
  readonly notificationLockMs: number;
};

export const defaultFileSettings: FileSettings = {
  notifications: false,
  uploadTimeToLiveMs: hourMs,
  notificationTimeToLiveMs: hourMs,
  notificationDeliveryCountMax: 10,
  notificationLockMs: 60 * secondMs,
};
