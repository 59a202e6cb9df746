/** Limits of direct methods, hub-device-protocol.md 4.9 and 10, hub-service-protocol.md 4.5. */
export const methodLimits = {
  nameCharactersMax: 100,
  /** Request and response each. */
  payloadBytesMax: 128 * 1024,
  responseSecondsMin: 5,
  responseSecondsMax: 300,
  connectSecondsMax: 300,
  /** Calls of one device that wait for it or for its answer; more are refused. The cloud has such a limit and does not publish it. */
  inflightMax: 50,
  /** Callers' own time-outs often equal the one they ask of us: we answer this much earlier, so that they see our answer. */
  answerEarlyMs: 300,
} as const;

export type MethodLimits = Readonly<Record<keyof typeof methodLimits, number>>;
