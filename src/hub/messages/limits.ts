/** Limits of device-to-cloud messages, hub-device-protocol.md 10. */
export const messageLimits = {
  /** Body plus names and values of properties. */
  telemetryBytesMax: 256 * 1024,
} as const;

export type MessageLimits = Readonly<Record<keyof typeof messageLimits, number>>;
