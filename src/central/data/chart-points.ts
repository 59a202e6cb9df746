/** A chunk as a chart sees it: what is known of it without decoding, and how to. */
export type SeriesPart = {
  readonly startAt: number;
  readonly endAt: number;
  readonly count: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly total: number;
  decode(): { readonly times: readonly number[]; readonly values: readonly number[] };
};

/** `[ms, value]`, or `[ms, mean, min, max]` of several values; null breaks the line. */
export type ChartPoint = [number, number | null] | [number, number | null, number, number];

export type ChartRange = { from: number; to: number; points: number };

/** A silence this many times longer than the usual interval breaks the line. */
const gapFactor = 3;
/** Bursts within one message or second are not an interval to compare with. */
const gapMsMin = 2_000;

/**
 * At most about `points` points between `from` and `to`: as they are when they are few enough, otherwise
 * in buckets of equal width with mean, minimum and maximum, so that no spike is lost. A chunk that falls
 * into one bucket counts by its statistics and is not decoded. Where the series was silent for much longer
 * than usual, a null is put in. `parts` and `late` are in order of time.
 */
export function chartPoints(
  parts: readonly SeriesPart[],
  late: readonly { at: number; value: number }[],
  range: ChartRange,
): ChartPoint[] {
  const inside = parts.filter((part) => part.endAt >= range.from && part.startAt <= range.to);
  const count = inside.reduce((sum, part) => sum + part.count, late.length);
  // A chunk at either end may lie mostly outside, so a little more than `points` may still be few enough.
  if (count <= range.points * 2 + 1_000) {
    const points = pointsOf(inside, late, range);
    if (points.length <= range.points) return withGaps(points, 0);
  }
  return bucketed(inside, late, range);
}

type Bucket = { firstAt: number; lastAt: number; count: number; total: number; minimum: number; maximum: number };

function pointsOf(parts: readonly SeriesPart[], late: readonly { at: number; value: number }[], range: ChartRange): Bucket[] {
  const points: Bucket[] = [];
  const add = (at: number, value: number) => {
    if (at < range.from || at > range.to) return;
    points.push({ firstAt: at, lastAt: at, count: 1, total: value, minimum: value, maximum: value });
  };
  eachPoint(parts, add);
  if (late.length === 0) return points;
  for (const { at, value } of late) add(at, value);
  return points.sort((a, b) => a.firstAt - b.firstAt);
}

function bucketed(parts: readonly SeriesPart[], late: readonly { at: number; value: number }[], range: ChartRange): ChartPoint[] {
  const width = Math.max(1, Math.ceil((range.to - range.from) / range.points));
  const buckets = new Map<number, Bucket>();
  const add = (at: number, value: number) => {
    if (at < range.from || at > range.to) return;
    merge(buckets, Math.floor(at / width), { firstAt: at, lastAt: at, count: 1, total: value, minimum: value, maximum: value });
  };
  for (const part of parts) {
    const index = Math.floor(part.startAt / width);
    if (part.startAt >= range.from && part.endAt <= range.to && index === Math.floor(part.endAt / width)) {
      merge(buckets, index, { firstAt: part.startAt, lastAt: part.endAt, ...part });
    } else eachPoint([part], add);
  }
  for (const { at, value } of late) add(at, value);
  const ordered = [...buckets].sort(([a], [b]) => a - b).map(([, bucket]) => bucket);
  return withGaps(ordered, width);
}

function eachPoint(parts: readonly SeriesPart[], use: (at: number, value: number) => void): void {
  for (const part of parts) {
    const { times, values } = part.decode();
    for (const [index, at] of times.entries()) use(at, values[index] ?? 0);
  }
}

function merge(buckets: Map<number, Bucket>, index: number, more: Bucket): void {
  const bucket = buckets.get(index);
  if (!bucket) {
    const { firstAt, lastAt, count, total, minimum, maximum } = more;
    buckets.set(index, { firstAt, lastAt, count, total, minimum, maximum });
    return;
  }
  bucket.firstAt = Math.min(bucket.firstAt, more.firstAt);
  bucket.lastAt = Math.max(bucket.lastAt, more.lastAt);
  bucket.count += more.count;
  bucket.total += more.total;
  bucket.minimum = Math.min(bucket.minimum, more.minimum);
  bucket.maximum = Math.max(bucket.maximum, more.maximum);
}

function withGaps(buckets: readonly Bucket[], width: number): ChartPoint[] {
  const gapMs = Math.max(gapMsMin, gapFactor * Math.max(usualInterval(buckets), width));
  const points: ChartPoint[] = [];
  let before: Bucket | undefined;
  for (const bucket of buckets) {
    if (before && bucket.firstAt - before.lastAt > gapMs) points.push([before.lastAt + 1, null]);
    points.push(pointOf(bucket));
    before = bucket;
  }
  return points;
}

function pointOf(bucket: Bucket): ChartPoint {
  if (bucket.count === 1) return [bucket.firstAt, bucket.total];
  const at = Math.round((bucket.firstAt + bucket.lastAt) / 2);
  return [at, bucket.total / bucket.count, bucket.minimum, bucket.maximum];
}

/** The median of the distances from one to the next. */
function usualInterval(buckets: readonly Bucket[]): number {
  const intervals: number[] = [];
  for (const [index, bucket] of buckets.entries()) {
    const next = buckets[index + 1];
    if (next) intervals.push(next.firstAt - bucket.lastAt);
  }
  intervals.sort((a, b) => a - b);
  return intervals[Math.floor(intervals.length / 2)] ?? 0;
}
