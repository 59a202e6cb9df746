import { dayMs, hourMs, secondMs } from '#base/instant.ts';

/** Limits of jobs (hub-service-protocol.md 4.7). */
export const jobLimits = {
  /** Jobs that work at a time; the cloud allows 1 to 10 by tier. */
  runningMax: 10,
  /** Jobs that wait for their time or for their turn. */
  waitingMax: 1_000,
  conditionCharactersMax: 10_000,
  executionMsDefault: hourMs,
  executionMsMax: 30 * dayMs,
  /** Ended jobs, and what became of each device, are kept this long. */
  keptMs: 30 * dayMs,
  /** Targets found and written in one transaction. */
  gatheredAtOnce: 500,
  /** Devices of one job that are worked on at a time. */
  twinsAtOnce: 8,
  methodsAtOnce: 50,
  /** Jobs deleted in one transaction. */
  forgottenAtOnce: 20,
  sweepMs: hourMs,
  /** After a failure of the database. */
  retryMs: 10 * secondMs,
} as const;
