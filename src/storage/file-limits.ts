import { dayMs } from '#base/instant.ts';

const mebibyte = 1024 ** 2;

/** What a file store takes before it refuses; those of a block are Azure's. */
export type FileLimits = {
  /** Of one blob. */
  readonly blobBytesMax: number;
  /** Of all that is stored, blocks that are in no blob yet among it. */
  readonly totalBytesMax: number;
  /** Blobs and such blocks. */
  readonly filesMax: number;
  /** How long a block waits for the list that makes it part of a blob. */
  readonly blockKeptMs: number;
};

export const blockBytesMax = 100 * mebibyte;
/** Of one blob that wait for a list. */
export const blocksMax = 50_000;

export const defaultFileLimits: FileLimits = {
  blobBytesMax: 256 * mebibyte,
  totalBytesMax: 16 * 1024 * mebibyte,
  filesMax: 1_000_000,
  blockKeptMs: dayMs,
};
