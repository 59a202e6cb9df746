import { minuteMs, secondMs } from '#base/instant.ts';

/** Limits of configurations (hub-service-protocol.md 4.9). */
export const configurationLimits = {
  configurationsMax: 100,
  metricsMax: 5,
  labelsMax: 50,
  textCharactersMax: 1_024,
  conditionCharactersMax: 10_000,
  priorityMax: 2 ** 31 - 1,
  /** A deployment names at most this many modules, as a device has. */
  modulesMax: 50,
  /** How often every device is looked at again, whatever was noticed meanwhile. */
  sweepMs: 5 * minuteMs,
  /** Devices looked at in one step of a sweep. */
  sweptAtOnce: 200,
  /** Changed devices that wait to be looked at; more of them are left to a sweep. */
  changedMax: 10_000,
  retryMs: 10 * secondMs,
  /** How often a content is worked out anew for a twin that changes meanwhile. */
  attemptsMax: 5,
} as const;
