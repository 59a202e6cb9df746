import { dayMs, hourMs, minuteMs, secondMs } from '#base/instant.ts';

/** Limits of cloud-to-device messages, hub-device-protocol.md 10. */
export const cloudToDeviceLimits = {
  /** Body plus names and values of properties. */
  messageBytesMax: 64 * 1024,
  /** The encoded properties travel in an MQTT topic, which can be no longer. */
  topicBytesMax: 65_535,
  idCharactersMax: 128,
  /** Messages that wait for one device or module, those that are locked among them; a further one is refused. */
  pendingMax: 50,
  timeToLiveMsMin: minuteMs,
  timeToLiveMsMax: 2 * dayMs,
  /** Feedback records in one batch (hub-service-protocol.md 8.4). */
  feedbackBatchMax: 64,
  /** How long a batch that is not full waits for more (the cloud's 15 s are longer than anybody needs). */
  feedbackLingerMs: secondMs,
  /** Feedback records that wait for a reader; above it the oldest go. The cloud's number is not published. */
  feedbackMax: 10_000,
} as const;

export type CloudToDeviceLimits = Readonly<Record<keyof typeof cloudToDeviceLimits, number>>;

/** What an owner may choose, with the cloud's defaults (hub-service-protocol.md 10.2). */
export type CloudToDeviceSettings = {
  /** How long a message lives whose sender does not say. */
  readonly timeToLiveMs: number;
  /** A message that was abandoned more often than this is given up. */
  readonly deliveryCountMax: number;
  /** How long a device may take to settle a message before it is delivered again. */
  readonly lockMs: number;
  readonly feedbackTimeToLiveMs: number;
  readonly feedbackDeliveryCountMax: number;
  readonly feedbackLockMs: number;
};

export const defaultCloudToDeviceSettings: CloudToDeviceSettings = {
  timeToLiveMs: hourMs,
  deliveryCountMax: 10,
  lockMs: 60 * secondMs,
  feedbackTimeToLiveMs: hourMs,
  feedbackDeliveryCountMax: 10,
  feedbackLockMs: 60 * secondMs,
};
