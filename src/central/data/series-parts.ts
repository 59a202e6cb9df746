import type { SeriesPart } from './chart-points.ts';
import type { OpenSeries } from './open-series.ts';
import { decodeChunk } from './series-chunk.ts';
import type { SeriesStore } from './series-store.ts';

type Range = { from: number; to: number };

/** A series in a range: chunks from the database and from memory, and its late points, both in order of time. */
export async function loadParts(
  store: SeriesStore,
  series: OpenSeries,
  { from, to }: Range,
): Promise<{ parts: SeriesPart[]; late: { at: number; value: number }[] }> {
  const open = series.parts();
  const isOpen = new Set(open.map((part) => `${part.startAt} ${part.position}`));
  const saved = series.isNew ? [] : await store.loadChunks(series.seriesId, from, to);
  const parts: SeriesPart[] = [];
  for (const row of saved) {
    if (isOpen.has(`${row.start_at} ${row.position}`)) continue;
    const { start_at: startAt, end_at: endAt, count, minimum, maximum, total, points } = row;
    parts.push({ startAt, endAt, count, minimum, maximum, total, decode: () => decodeChunk(points) });
  }
  parts.push(...open);
  const savedLate = series.isNew ? [] : await store.loadLatePoints(series.seriesId, from, to);
  const late = [...savedLate, ...series.late].filter(({ at }) => at >= from && at <= to).sort((a, b) => a.at - b.at);
  return { parts, late };
}
