import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { nodeFileSystem } from '#storage/file-system.ts';
import { readPosition, writePosition } from '#storage/segment-block.ts';
import { SegmentLog, type SegmentLogOptions } from '#storage/segment-log.ts';
import type { EventLog, EventLogState, NewEvent, StoredEvent } from './event-log.ts';
import { EventWriter, RecordedEvent, sequenceOf } from './event-record.ts';
import { followEvents } from './follow-events.ts';
import { partitionOf } from './partition.ts';

export type SegmentEventsOptions = Partial<Omit<SegmentLogOptions, 'directory' | 'preamble' | 'visitor'>> & {
  readonly directory: string;
  /** 1 to 32. Changing it moves devices to other partitions from then on. */
  readonly partitions?: number;
  /** See followEvents; 0 hands on every batch by itself. */
  readonly followerPauseMs?: number;
};

const partitionsMax = 32;
const readBytesMax = 256 * 1024;

type Waiting = { position: number; done: (problem?: Problem) => void };

/** The event log of one process, on segments. */
export class SegmentEvents implements EventLog {
  readonly partitions: number;
  readonly #platform: Platform;
  readonly #log: SegmentLog;
  readonly #followerPauseMs: number;
  readonly #sequences: number[];
  readonly #writer = new EventWriter();
  #waiting: Waiting[] = [];
  #lastRead: { from: number; max: number; events: StoredEvent[] } | undefined;

  /** Opens the log; sequence numbers go on where they were. */
  static async open(platform: Platform, options: SegmentEventsOptions): Promise<SegmentEvents> {
    const { partitions = 4, followerPauseMs = 0, ...rest } = options;
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
      throw new Problem('argument-invalid', `A hub has 1 to ${partitionsMax} partitions.`);
    }
    const sequences = new Array<number>(partitionsMax).fill(0);
    const log = await SegmentLog.open(platform, {
      files: nodeFileSystem,
      ...rest,
      preamble: () => encodeSequences(sequences),
      visitor: {
        preamble: (bytes) => decodeSequences(bytes, sequences),
        record: (bytes) => {
          const { partition, sequence } = sequenceOf(bytes);
          sequences[partition] = sequence;
        },
      },
    });
    return new SegmentEvents(platform, log, { partitions, followerPauseMs, sequences });
  }

  private constructor(
    platform: Platform,
    log: SegmentLog,
    options: { partitions: number; followerPauseMs: number; sequences: number[] },
  ) {
    this.#platform = platform;
    this.#log = log;
    this.partitions = options.partitions;
    this.#followerPauseMs = options.followerPauseMs;
    this.#sequences = options.sequences;
    log.onDurable((last) => this.#settle(last));
    log.onState((state) => {
      if (state === 'failed') this.#giveUp('The disk failed.');
    });
  }

  get state(): EventLogState {
    return this.#log.state;
  }

  get start(): number {
    return this.#log.start;
  }

  get end(): number {
    return this.#log.end;
  }

  append(event: NewEvent, done?: (problem?: Problem) => void): number {
    const partition = partitionOf(event.deviceId, this.partitions);
    const sequence = (this.#sequences[partition] ?? 0) + 1;
    this.#writer.prepare(event, partition, sequence);
    const position = this.#log.append(this.#writer);
    this.#sequences[partition] = sequence;
    if (done) this.#waiting.push({ position, done });
    return position;
  }

  onBatchDurable(listener: (lastPosition: number) => void): Cancel {
    return this.#log.onDurable(listener);
  }

  onState(listener: (state: EventLogState) => void): Cancel {
    return this.#log.onState(listener);
  }

  lastSequence(partition: number): number {
    return this.#sequences[partition] ?? 0;
  }

  async read({ from, max }: { from: number; max: number }): Promise<StoredEvent[]> {
    // Followers read along side by side: what one of them has just read the others need not read again.
    if (this.#lastRead?.from === from && this.#lastRead.max === max && from >= this.start) return this.#lastRead.events;
    const records = await this.#log.read(from, Math.min(readBytesMax, max * 2048));
    const events = records.slice(0, max).map((record) => new RecordedEvent(record));
    // At the end of the log there may be more a moment later; what is there never changes.
    this.#lastRead = events.length > 0 ? { from, max, events } : undefined;
    return events;
  }

  async load(positions: readonly number[]): Promise<(StoredEvent | undefined)[]> {
    const events: (StoredEvent | undefined)[] = [];
    for (const position of positions) {
      const record = await this.#log.load(position);
      events.push(record && new RecordedEvent(record));
    }
    return events;
  }

  follow(from: number, onEvents: (events: readonly StoredEvent[]) => void | Promise<void>): Cancel {
    return followEvents({ platform: this.#platform, log: this, from, pauseMs: this.#followerPauseMs }, onEvents);
  }

  async close(): Promise<void> {
    await this.#log.close();
    this.#giveUp('The log was closed.');
  }

  #settle(last: number): void {
    if (this.#waiting.length === 0) return;
    const open = this.#waiting.findIndex((waiting) => waiting.position > last);
    const done = open < 0 ? this.#waiting : this.#waiting.slice(0, open);
    this.#waiting = open < 0 ? [] : this.#waiting.slice(open);
    for (const waiting of done) this.#call(waiting.done);
  }

  /** One caller's bug does not keep the others from hearing of their events. */
  #call(done: Waiting['done'], problem?: Problem): void {
    try {
      done(problem);
    } catch (error) {
      this.#platform.log.error('log.listener-failed', { error: String(error) });
    }
  }

  #giveUp(why: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) this.#call(done, new Problem('unavailable', why));
  }
}

function encodeSequences(sequences: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * sequences.length);
  for (const [partition, sequence] of sequences.entries()) writePosition(bytes, sequence, 8 * partition);
  return bytes;
}

function decodeSequences(bytes: Buffer, sequences: number[]): void {
  for (let partition = 0; 8 * partition + 8 <= bytes.length; partition++) {
    sequences[partition] = readPosition(bytes, 8 * partition);
  }
}
