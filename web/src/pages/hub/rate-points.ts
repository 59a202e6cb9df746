import type { HubCounters } from '../../api/contract.ts';
import type { Point } from '../../charts/series-points.ts';

/** So much of it is on the chart. */
export const rateSpanMs = 5 * 60_000;

/** The points so far with that of `next`: how many events a second came since `last`. */
export function withRate(points: readonly Point[], last: HubCounters | undefined, next: HubCounters): readonly Point[] {
  const at = Date.parse(next.at);
  const seconds = last ? (at - Date.parse(last.at)) / 1000 : 0;
  if (!last || seconds <= 0) return points;
  // A hub that was made anew under the name of another counts from the beginning.
  const rate = Math.max(0, next.events - last.events) / seconds;
  return [...points.filter(([when]) => when >= at - rateSpanMs), [at, Math.round(rate * 10) / 10]];
}
