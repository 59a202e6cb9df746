import { LogDamaged } from '#storage/segment-file.ts';
import type { LogStretch } from '#storage/segment-log.ts';
import type { EventCursor } from './event-record.ts';
import type { EventStretches } from './event-stretches.ts';

/** Says of an event that it lies before the one that is looked for. True up to some event of a partition, and then never. */
export type IsBefore = (event: EventCursor) => boolean;

export type SearchedLog = {
  readonly start: number;
  readonly end: number;
  readonly stretches: readonly LogStretch[];
  findBlock(from: number): Promise<number>;
};

export type SearchOptions = {
  readonly log: SearchedLog;
  readonly stretches: Pick<EventStretches, 'read'>;
  readonly cursor: EventCursor;
  readonly partition: number;
  readonly isBefore: IsBefore;
  /** Whether all events before a segment lie before the one that is looked for, as far as its header tells. */
  readonly isSegmentBehind: (segment: LogStretch) => boolean;
};

/** Nearer than this it is read through. */
const nearBytes = 512 * 1024;

/**
 * Where to begin to read so that no event of the partition is missed for which `isBefore` is false: there or a little
 * before. By the headers of segments and then by halves, since blocks can be found from anywhere; there is no index.
 */
export async function findPosition(options: SearchOptions): Promise<number> {
  const { log, isSegmentBehind } = options;
  const segments = log.stretches;
  const after = segments.findIndex((segment, i) => i > 0 && !isSegmentBehind(segment));
  const segment = segments[after < 0 ? segments.length - 1 : after - 1];
  if (!segment) return log.end;
  let low = segment.base;
  let high = Math.min(segment.end, log.end);
  while (high - low > nearBytes) {
    const middle = await log.findBlock(low + Math.floor((high - low) / 2));
    if (middle >= high) {
      high = low + Math.floor((high - low) / 2);
      continue;
    }
    const { isBefore, from } = await probe(options, middle, high);
    if (isBefore) low = from;
    else high = middle;
  }
  return low;
}

/** What the first event of the partition from `from` on says; where there is none up to `to`, it is no use to begin later. */
async function probe(options: SearchOptions, from: number, to: number): Promise<{ isBefore: boolean; from: number }> {
  const { stretches, cursor, partition, isBefore } = options;
  for (let at = from; at < to; ) {
    const stretch = await stretches.read(at).catch((error: unknown) => {
      if (error instanceof LogDamaged) return error.damage;
      throw error;
    });
    if (!('of' in stretch)) {
      at = stretch.to;
      continue;
    }
    const first = stretch.of(partition).find(({ position }) => position >= at);
    if (first) return { isBefore: isBefore(cursor.moveTo(first)), from: first.position };
    if (stretch.next <= at) break;
    at = stretch.next;
  }
  return { isBefore: false, from };
}
