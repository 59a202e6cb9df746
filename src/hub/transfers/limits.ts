import { dayMs } from '#base/instant.ts';

/** Limits of imports and exports. */
export const transferLimits = {
  /** A device with a full twin has some 100 KB. */
  lineBytesMax: 512 * 1024,
  /** Lines applied at a time: as many as a bulk call takes. */
  linesAtOnce: 100,
  /** Refused lines that are kept; of more only the number counts. */
  failuresMax: 10_000,
  blockBytes: 4 * 1024 * 1024,
  keptMs: 30 * dayMs,
  listMax: 100,
} as const;
