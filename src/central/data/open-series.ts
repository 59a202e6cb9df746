import { dayMs } from '#base/instant.ts';
import type { ChunkRow } from '#storage/schema/series.ts';
import type { SeriesPart } from './chart-points.ts';
import { chunkPointsMax, decodeChunk, encodeChunk } from './series-chunk.ts';

/** A chunk of a slow series ends after this long, so that retention can delete it. */
const chunkSpanMs = 7 * dayMs;
/**
 * A point further ahead of its arrival than this comes from a wrong clock. It is kept beside the chunks: as the
 * newest point of the series it would make every true one a late one.
 */
const clockSkewMsMax = 300_000;

export type LatePoint = { at: number; position: number; value: number };

type Chunk = { startAt: number; position: number; times: number[]; values: number[] };

/** A series while it is written: the open chunk, and what is not in the database yet. */
export class OpenSeries {
  readonly seriesId: number;
  readonly deviceId: string;
  readonly name: string;
  /** Not in the database at all yet. */
  isNew: boolean;
  late: LatePoint[] = [];
  #lastAt: number;
  #open: Chunk | undefined;
  #isOpenDirty = false;
  #sealed: Chunk[] = [];

  /** `newest` is the newest chunk in the database: a full one is left alone, another is continued. */
  constructor(options: { seriesId: number; deviceId: string; name: string; isNew: boolean; newest?: ChunkRow | undefined }) {
    this.seriesId = options.seriesId;
    this.deviceId = options.deviceId;
    this.name = options.name;
    this.isNew = options.isNew;
    const { newest } = options;
    this.#lastAt = newest?.end_at ?? Number.NEGATIVE_INFINITY;
    if (newest && newest.count < chunkPointsMax) {
      this.#open = { startAt: newest.start_at, position: newest.position, ...decodeChunk(newest.points) };
    }
  }

  get isDirty(): boolean {
    return this.#isOpenDirty || this.#sealed.length > 0 || this.late.length > 0;
  }

  /** `at` is the time the chart shows, `arrivedAt` that of the hub. */
  append(at: number, arrivedAt: number, position: number, value: number): void {
    if (at < this.#lastAt || at > arrivedAt + clockSkewMsMax) {
      this.late.push({ at, position, value });
      return;
    }
    if (this.#open && at - this.#open.startAt > chunkSpanMs) this.#seal(this.#open);
    this.#open ??= { startAt: at, position, times: [], values: [] };
    this.#open.times.push(at);
    this.#open.values.push(value);
    this.#lastAt = at;
    this.#isOpenDirty = true;
    if (this.#open.times.length >= chunkPointsMax) this.#seal(this.#open);
  }

  /** What changed since the last save, the open chunk as it is now. */
  dirtyRows(): ChunkRow[] {
    const chunks = this.#open && this.#isOpenDirty ? [...this.#sealed, this.#open] : this.#sealed;
    return chunks.map((chunk) => ({
      series_id: this.seriesId,
      start_at: chunk.startAt,
      position: chunk.position,
      points: encodeChunk(chunk.times, chunk.values),
      ...statisticsOf(chunk),
    }));
  }

  markSaved(): void {
    this.isNew = false;
    this.#sealed = [];
    this.#isOpenDirty = false;
    this.late = [];
  }

  /** The chunks in memory, which replace their older selves in the database. */
  parts(): (SeriesPart & { position: number })[] {
    const chunks = this.#open ? [...this.#sealed, this.#open] : this.#sealed;
    return chunks.map((chunk) => {
      const { end_at, ...statistics } = statisticsOf(chunk);
      return { startAt: chunk.startAt, endAt: end_at, position: chunk.position, ...statistics, decode: () => chunk };
    });
  }

  #seal(chunk: Chunk): void {
    this.#sealed.push(chunk);
    this.#open = undefined;
    this.#isOpenDirty = false;
  }
}

function statisticsOf(chunk: Chunk): Pick<ChunkRow, 'end_at' | 'count' | 'minimum' | 'maximum' | 'total'> {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let total = 0;
  for (const value of chunk.values) {
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    total += value;
  }
  return { end_at: chunk.times.at(-1) ?? chunk.startAt, count: chunk.times.length, minimum, maximum, total };
}
