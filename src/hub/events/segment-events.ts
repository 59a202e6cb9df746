import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { nodeFileSystem } from '#storage/file-system.ts';
import { SegmentLog, type SegmentLogOptions } from '#storage/segment-log.ts';
import type { EventLog, EventLogState, EventRouter, NewEvent, StoredEvent } from './event-log.ts';
import { countOf, EventWriter, RecordedEvent } from './event-record.ts';
import { followEvents } from './follow-events.ts';
import { partitionOf } from './partition.ts';
import { PartitionCounts, partitionsMax } from './partition-counts.ts';
import { PartitionLog } from './partition-log.ts';

export type SegmentEventsOptions = Partial<Omit<SegmentLogOptions, 'directory' | 'preamble' | 'visitor'>> & {
  readonly directory: string;
  /** 1 to 32. Changing it moves devices to other partitions from then on. */
  readonly partitions?: number;
  /** See followEvents; 0 hands on every batch by itself. */
  readonly followerPauseMs?: number;
};

const readBytesMax = 256 * 1024;

type Waiting = { position: number; done: (problem?: Problem) => void };

/** The event log of one process, on segments. */
export class SegmentEvents implements EventLog {
  readonly partitions: number;
  readonly #platform: Platform;
  readonly #log: SegmentLog;
  readonly #followerPauseMs: number;
  readonly #counts: PartitionCounts;
  readonly partitionLog: PartitionLog;
  readonly #writer = new EventWriter();
  #router: EventRouter | undefined;
  #waiting: Waiting[] = [];
  #lastRead: { from: number; max: number; events: StoredEvent[] } | undefined;

  /** Opens the log; sequence numbers go on where they were. */
  static async open(platform: Platform, options: SegmentEventsOptions): Promise<SegmentEvents> {
    const { partitions = 4, followerPauseMs = 0, ...rest } = options;
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
      throw new Problem('argument-invalid', `A hub has 1 to ${partitionsMax} partitions.`);
    }
    const counts = new PartitionCounts();
    const log = await SegmentLog.open(platform, {
      files: nodeFileSystem,
      ...rest,
      preamble: () => counts.encode(),
      visitor: {
        preamble: (bytes) => counts.decode(bytes),
        record: (bytes, position) => {
          const { partition, sequence, enqueuedAt, isHidden } = countOf(bytes);
          if (!isHidden) counts.append(partition, sequence, position, enqueuedAt);
        },
      },
    });
    counts.recovered();
    return new SegmentEvents(platform, log, { partitions, followerPauseMs, counts });
  }

  private constructor(
    platform: Platform,
    log: SegmentLog,
    options: { partitions: number; followerPauseMs: number; counts: PartitionCounts },
  ) {
    this.#platform = platform;
    this.#log = log;
    this.partitions = options.partitions;
    this.#followerPauseMs = options.followerPauseMs;
    this.#counts = options.counts;
    this.partitionLog = new PartitionLog(log, options.counts);
    // First, so that who hears of a batch finds it counted.
    log.onDurable((last) => {
      this.#counts.settle(last, this.partitions);
      this.#settle(last);
    });
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
    const routed = this.#router?.(event);
    const isHidden = routed ? routed.isHidden : event.isHidden === true;
    const sequence = this.#counts.sequence(partition) + (isHidden ? 0 : 1);
    this.#writer.prepare(event, partition, sequence, isHidden, routed?.stamp);
    const position = this.#log.append(this.#writer);
    if (!isHidden) this.#counts.append(partition, sequence, position, event.enqueuedAt);
    if (done) this.#waiting.push({ position, done });
    return position;
  }

  routeBy(router: EventRouter | undefined): void {
    this.#router = router;
  }

  onBatchDurable(listener: (lastPosition: number) => void): Cancel {
    return this.#log.onDurable(listener);
  }

  onState(listener: (state: EventLogState) => void): Cancel {
    return this.#log.onState(listener);
  }

  lastSequence(partition: number): number {
    return this.#counts.sequence(partition);
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
