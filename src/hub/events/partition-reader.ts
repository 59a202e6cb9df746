import type { Log } from '#base/log.ts';
import type { LogRecord } from '#storage/segment-block.ts';
import { LogDamaged } from '#storage/segment-file.ts';
import type { EventCursor } from './event-record.ts';
import type { EventStretch } from './event-stretches.ts';
import type { IsBefore } from './find-position.ts';
import type { PartitionLog } from './partition-log.ts';

export type PartitionReaderOptions = {
  readonly log: Log;
  readonly events: Pick<PartitionLog, 'end' | 'find' | 'read' | 'hasAppended'>;
  readonly partition: number;
  /** Where it begins to read… */
  readonly position: number;
  /** …and what it passes over there; nothing without it. */
  readonly isBefore?: IsBefore;
};

/** One reader's place in a partition. It holds a stretch of the log only while it is asked for what is in it. */
export class PartitionReader {
  readonly #options: PartitionReaderOptions;
  #isBefore: IsBefore | undefined;
  #position: number;
  #records: readonly LogRecord[] = [];
  #at = 0;

  constructor(options: PartitionReaderOptions) {
    this.#options = options;
    this.#position = options.position;
    this.#isBefore = options.isBefore;
  }

  /** Whether `next` has an event to go to. */
  get hasNext(): boolean {
    return this.#at < this.#records.length;
  }

  /** Whether it has read all that is durable. */
  get isAtEnd(): boolean {
    return !this.hasNext && this.#position >= this.#options.events.end;
  }

  /**
   * Whether there may be more than what was read, or soon will. Where there is none, what others wrote is passed over unread: a
   * partition in which nothing happens must not have all of that to read once something does.
   */
  get mayGoOn(): boolean {
    const { events, partition } = this.#options;
    if (this.hasNext || events.hasAppended(partition, this.#position)) return true;
    this.#position = Math.max(this.#position, events.end);
    return false;
  }

  next(cursor: EventCursor): void {
    const record = this.#records[this.#at++];
    if (record) cursor.moveTo(record);
  }

  /** Gets events from memory; false when there are none in it. */
  take(cursor: EventCursor): boolean {
    const { events } = this.#options;
    while (!this.hasNext) {
      const stretch = events.find(this.#position);
      if (!stretch) return false;
      this.#hold(stretch, cursor);
    }
    return true;
  }

  /** Gets events from the disk; false at the end of the log. A damaged stretch is reported and passed over. */
  async load(cursor: EventCursor): Promise<boolean> {
    const { events, log } = this.#options;
    while (!this.take(cursor)) {
      if (!this.mayGoOn || this.#position >= events.end) return false;
      try {
        const stretch = await events.read(this.#position);
        if (stretch.next <= this.#position) return false;
        this.#hold(stretch, cursor);
      } catch (error) {
        if (!(error instanceof LogDamaged)) throw error;
        log.error('log.damaged-stretch-passed', { ...error.damage });
        this.#position = error.damage.to;
      }
    }
    return true;
  }

  /** Lets go of what is in hand; it is read again when it is asked for. */
  release(): void {
    const record = this.#records[this.#at];
    if (record) this.#position = record.position;
    this.#records = none;
    this.#at = 0;
  }

  #hold(stretch: EventStretch, cursor: EventCursor): void {
    const records = stretch.of(this.#options.partition);
    let at = 0;
    if (stretch.from < this.#position) {
      while (at < records.length && (records[at]?.position ?? 0) < this.#position) at++;
    }
    for (; this.#isBefore; at++) {
      const record = records[at];
      if (!record) break;
      if (!this.#isBefore(cursor.moveTo(record))) this.#isBefore = undefined;
      else continue;
      break;
    }
    this.#records = records;
    this.#at = at;
    this.#position = stretch.next;
  }
}

const none: readonly LogRecord[] = [];
