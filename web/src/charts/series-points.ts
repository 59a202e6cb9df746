import type { SeriesPoint } from '../api/contract.ts';

/** Milliseconds and a value; null is a gap. */
export type Point = readonly [at: number, value: number | null];

export function pointsFrom(points: readonly SeriesPoint[]): Point[] {
  return points.map(([at, value]) => [at, value]);
}

/**
 * What the server knew, followed by what came live since. A live point at or before the server's
 * last one is in there already.
 */
export function withLive(base: readonly Point[], live: readonly Point[]): Point[] {
  const lastKnown = base.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
  return [...base, ...live.filter(([at]) => at > lastKnown).sort((a, b) => a[0] - b[0])];
}

/** Adds gaps where points are much farther apart than usual, so that silence is not drawn as a straight line. */
export function withGaps(points: readonly Point[]): Point[] {
  const steps = points.slice(1).map(([at], index) => at - (points[index]?.[0] ?? at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const allowed = Math.max(usual * 3.5, 2_000);
  const result: Point[] = [];
  for (const point of points) {
    const last = result.at(-1);
    if (last && last[1] !== null && point[1] !== null && point[0] - last[0] > allowed) result.push([last[0] + 1, null]);
    result.push(point);
  }
  return result;
}

/** The points inside a window, and one on either side so that lines run to its edges. */
export function inWindow(points: readonly Point[], from: number, to: number): Point[] {
  const first = points.findIndex(([at]) => at >= from);
  if (first === -1) return points.slice(-1);
  const after = points.findIndex(([at]) => at > to);
  return points.slice(Math.max(0, first - 1), after === -1 ? undefined : after + 1);
}

export type Summary = { last: Point; lowest: number; highest: number; mean: number; count: number };

/** Numbers for the sentence under a chart; undefined without a value in the window. */
export function summarize(points: readonly Point[], from: number, to: number): Summary | undefined {
  const inside = points.filter(
    (point): point is readonly [number, number] => point[1] !== null && point[0] >= from && point[0] <= to,
  );
  const last = inside.at(-1);
  if (!last) return undefined;
  const values = inside.map(([, value]) => value);
  return {
    last,
    lowest: values.reduce((a, b) => Math.min(a, b)),
    highest: values.reduce((a, b) => Math.max(a, b)),
    mean: values.reduce((a, b) => a + b) / values.length,
    count: values.length,
  };
}

/** A number for people: at most five significant digits, and no float32 dust. */
export function numberWords(value: number): string {
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5, useGrouping: false }).format(value);
}

/** A value with its unit; 0 and 1 of a boolean as words. Between them, where buckets were averaged, the nearer one. */
export function valueWords(value: number, unit: string, isBoolean: boolean): string {
  if (isBoolean) return value >= 0.5 ? 'true' : 'false';
  return `${numberWords(value)} ${unit}`.trimEnd();
}
