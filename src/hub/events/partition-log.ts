import type { SegmentLog } from '#storage/segment-log.ts';
import { EventCursor } from './event-record.ts';
import { type EventStretch, EventStretches } from './event-stretches.ts';
import { findPosition, type IsBefore } from './find-position.ts';
import { type LastEvent, type PartitionCounts, sequenceBefore } from './partition-counts.ts';

/** What a partition holds, of what is on disk. Sequence numbers count from 1, as in StoredEvent. */
export type PartitionState = {
  /** Of the oldest event that is kept, or of the next where there is none. */
  readonly firstSequence: number;
  readonly last: LastEvent;
  readonly isEmpty: boolean;
};

/** The log as its partitions are read: from a place in one of them, and no further than is asked for. */
export class PartitionLog {
  readonly #log: SegmentLog;
  readonly #counts: PartitionCounts;
  readonly #stretches: EventStretches;

  constructor(log: SegmentLog, counts: PartitionCounts) {
    this.#log = log;
    this.#counts = counts;
    this.#stretches = new EventStretches(log);
  }

  get start(): number {
    return this.#log.start;
  }

  get end(): number {
    return this.#log.end;
  }

  /** As it is on disk; its position is 0 where an older version kept none. Lags at most one sync behind. */
  last(partition: number): LastEvent {
    return this.#counts.durable(partition);
  }

  /** Of the newest event that was appended, durable or not. */
  appendedSequence(partition: number): number {
    return this.#counts.sequence(partition);
  }

  /** Whether an event at or behind `position` was appended, durable or not. */
  hasAppended(partition: number, position: number): boolean {
    return this.#counts.position(partition) >= position;
  }

  async state(partition: number): Promise<PartitionState> {
    const [oldest] = this.#log.stretches;
    const known = this.last(partition);
    const before = oldest ? sequenceBefore(oldest.preamble, partition) : known.sequence;
    const isEmpty = known.sequence <= before;
    const last = known.position === 0 && !isEmpty ? await this.#findLast(partition, known.sequence) : known;
    return { firstSequence: before + 1, last, isEmpty };
  }

  /** In memory already, or undefined. */
  find(position: number): EventStretch | undefined {
    return this.#stretches.find(position);
  }

  /** See EventStretches.read. */
  read(position: number): Promise<EventStretch> {
    return this.#stretches.read(position);
  }

  /** Where to begin so as to read every event of the partition from this number on. */
  positionOfSequence(partition: number, sequence: number): Promise<number> {
    return this.#find(
      partition,
      (event) => event.sequence < sequence,
      (preamble) => sequenceBefore(preamble, partition) < sequence,
    );
  }

  /** Where to begin so as to read every event of the partition that was enqueued after this. */
  positionAfterTime(partition: number, milliseconds: number): Promise<number> {
    return this.#find(
      partition,
      (event) => event.enqueuedAt <= milliseconds,
      (_preamble, createdAt) => createdAt <= milliseconds,
    );
  }

  /** Where to begin so as to read every event at or behind this position, which need not be one of an event. */
  async positionAtOffset(partition: number, offset: number): Promise<number> {
    if (offset <= this.start) return this.start;
    try {
      const stretch = await this.#stretches.read(offset);
      if (stretch.next > offset) return offset;
    } catch {
      // No event begins there.
    }
    return this.#find(
      partition,
      (event) => event.position < offset,
      (_preamble, _createdAt, base) => base <= offset,
    );
  }

  #find(
    partition: number,
    isBefore: IsBefore,
    isBehind: (preamble: Buffer, createdAt: number, base: number) => boolean,
  ): Promise<number> {
    return findPosition({
      log: this.#log,
      stretches: this.#stretches,
      cursor: new EventCursor(),
      partition,
      isBefore,
      isSegmentBehind: ({ preamble, createdAt, base }) => isBehind(preamble, createdAt, base),
    });
  }

  /** An older version noted no more than its number. */
  async #findLast(partition: number, sequence: number): Promise<LastEvent> {
    const cursor = new EventCursor();
    for (let at = await this.positionOfSequence(partition, sequence); at < this.end; ) {
      const stretch = await this.read(at);
      const record = stretch.of(partition).find((each) => cursor.moveTo(each).sequence === sequence);
      if (record) return { sequence, position: record.position, enqueuedAt: cursor.moveTo(record).enqueuedAt };
      if (stretch.next <= at) break;
      at = stretch.next;
    }
    return { sequence, position: 0, enqueuedAt: 0 };
  }
}
