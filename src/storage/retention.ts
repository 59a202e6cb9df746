/** How much of a log is kept. What neither limit asks for stays. */
export type RetentionPolicy = {
  /** Whole segments go, oldest first, while more than this is kept. */
  readonly bytesMax?: number | undefined;
  /** A segment goes when its newest record is older than this. */
  readonly ageMsMax?: number | undefined;
};

export type SegmentAge = { readonly base: number; readonly end: number; readonly createdAt: number };

/**
 * How many of the oldest `segments` may be deleted at `now`. Never the newest, which is written to, and
 * never one from the middle: a log has one beginning.
 */
export function countExpired(segments: readonly SegmentAge[], policy: RetentionPolicy, now: number): number {
  const end = segments.at(-1)?.end ?? 0;
  let count = 0;
  while (count < segments.length - 1) {
    const segment = segments[count];
    const next = segments[count + 1];
    if (!segment || !next) break;
    const isTooMuch = policy.bytesMax !== undefined && end - segment.base > policy.bytesMax;
    // The next segment was made when this one got its last record.
    const isTooOld = policy.ageMsMax !== undefined && now - next.createdAt > policy.ageMsMax;
    if (!isTooMuch && !isTooOld) break;
    count++;
  }
  return count;
}
