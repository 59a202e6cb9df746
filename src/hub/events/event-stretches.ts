import type { LogRecord } from '#storage/segment-block.ts';
import { isHiddenRecord, partitionOfRecord } from './event-record.ts';

/** Some neighbouring records of the log, as they were read. They never change. */
export class EventStretch {
  /** The position that it was read for. */
  readonly from: number;
  /** Where to go on. */
  readonly next: number;
  readonly #byPartition = new Map<number, LogRecord[]>();

  constructor(from: number, next: number, records: readonly LogRecord[]) {
    this.from = from;
    this.next = next;
    for (const record of records) {
      if (isHiddenRecord(record)) continue;
      const partition = partitionOfRecord(record);
      const already = this.#byPartition.get(partition);
      if (already) already.push(record);
      else this.#byPartition.set(partition, [record]);
    }
  }

  /** What readers of a partition see, in order. */
  of(partition: number): readonly LogRecord[] {
    return this.#byPartition.get(partition) ?? none;
  }
}

const none: readonly LogRecord[] = [];

/** What a read takes at once, about; a block has 64 KiB under load. */
const stretchBytes = 128 * 1024;
/** Kept for readers that are at about the same place: those of the partitions of one hub read the same stretches. */
const keptMax = 64;

export type StretchLog = {
  readonly start: number;
  readonly end: number;
  read(from: number, bytesMax: number): Promise<LogRecord[]>;
};

/**
 * Reads the log for everybody who reads partitions of it. A stretch is read once for readers that are near to each
 * other, and forgotten soon: what is held does not grow with what waits to be read.
 */
export class EventStretches {
  readonly #log: StretchLog;
  /** The one that was used longest ago first. */
  readonly #kept = new Set<EventStretch>();
  readonly #reading = new Map<number, Promise<EventStretch>>();

  constructor(log: StretchLog) {
    this.#log = log;
  }

  /** The stretch that holds `position`, where it is still in memory. */
  find(position: number): EventStretch | undefined {
    if (position < this.#log.start) return undefined;
    for (const stretch of this.#kept) {
      if (position < stretch.from || stretch.next <= position) continue;
      // Whoever comes last moves it to the end of those that are forgotten.
      this.#kept.delete(stretch);
      this.#kept.add(stretch);
      return stretch;
    }
    return undefined;
  }

  /** The stretch from `position` on; its `next` is `position` at the end of the log. Throws as the log does. */
  read(position: number): Promise<EventStretch> {
    const from = Math.max(position, this.#log.start);
    const kept = this.find(from);
    if (kept) return Promise.resolve(kept);
    const underWay = this.#reading.get(from);
    if (underWay) return underWay;
    const reading = this.#read(from).finally(() => this.#reading.delete(from));
    this.#reading.set(from, reading);
    return reading;
  }

  async #read(from: number): Promise<EventStretch> {
    const records = await this.#log.read(from, stretchBytes);
    const last = records.at(-1);
    const stretch = new EventStretch(from, last?.next ?? from, records);
    if (!last) return stretch;
    this.#kept.add(stretch);
    for (const oldest of this.#kept) {
      if (this.#kept.size <= keptMax) break;
      this.#kept.delete(oldest);
    }
    return stretch;
  }
}
