import type { Cancel } from '#base/clock.ts';
import { type Concern, healthOf } from '#base/health.ts';
import { type Counter, type Histogram, metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type FileSystem, isOutOfSpace } from './file-system.ts';
import { countExpired, type RetentionPolicy } from './retention.ts';
import { type LogRecord, recordHeaderBytes } from './segment-block.ts';
import { type Damage, LogDamaged, SegmentFile, segmentName } from './segment-file.ts';
import { type OpenBlock, PendingBlocks } from './segment-pending.ts';
import { type RecoveryVisitor, recoverSegments } from './segment-recovery.ts';
import { SegmentTail } from './segment-tail.ts';

/** See EventLogState: `full` recovers by itself, `failed` only by opening anew. */
export type LogState = 'ok' | 'full' | 'failed' | 'closed';

/** Something that can put itself into the open batch: the hot path reuses one, so that no message needs a Buffer. */
export type RecordWriter = { readonly byteLength: number; writeTo(target: Buffer, offset: number): void };

export type SegmentLogOptions = {
  readonly directory: string;
  readonly files: FileSystem;
  /** A segment is closed at the first block behind this size… */
  readonly segmentBytes?: number;
  /** …or at the first one written when it is this old. */
  readonly segmentMs?: number;
  readonly retention?: RetentionPolicy;
  /** What one checksum covers, at most; a larger record gets a block of its own. */
  readonly blockBytes?: number;
  readonly recordBytesMax?: number;
  /** Appends are refused while this much waits for the disk. */
  readonly pendingBytesMax?: number;
  /** The newest records are read from memory, up to this much; 0 reads everything from disk. */
  readonly tailBytes?: number;
  /** Waits this long for company before a write begins. 0, the default, gathers behind the sync in flight only. */
  readonly lingerMs?: number;
  /** How often a full disk is tried again. */
  readonly fullRetryMs?: number;
  /** State of the owner at the start of a segment, and what rebuilds it; lets it start without reading the whole log. */
  readonly preamble?: () => Buffer;
  readonly visitor?: RecoveryVisitor;
};

/** One segment, for who looks for a place in the log. */
export type LogStretch = {
  readonly base: number;
  readonly end: number;
  readonly createdAt: number;
  readonly preamble: Buffer;
};

const mebibyte = 1024 * 1024;
type Settings = Required<SegmentLogOptions>;

const defaults: Omit<Settings, 'directory' | 'files'> = {
  segmentBytes: 64 * mebibyte,
  segmentMs: 24 * 3_600_000,
  retention: {},
  blockBytes: 64 * 1024,
  recordBytesMax: mebibyte,
  pendingBytesMax: 32 * mebibyte,
  tailBytes: 4 * mebibyte,
  lingerMs: 0,
  fullRetryMs: 1_000,
  preamble: () => Buffer.alloc(0),
  visitor: { preamble() {}, record() {} },
};

const fullFix = 'Make room on it; the log goes on by itself, and nothing acknowledged is lost.';
const failedFix = 'Look at the disk and the log of the system, then restart the server.';
const damagedFix = 'Look at the disk. What lay there is gone; this is told until a start that finds no damage.';

const retentionIntervalMs = 60_000;

/**
 * An append-only log in segment files with group commit.
 *
 * Appends copy into the open block. While one write and its sync are in flight the next blocks fill;
 * then they go out together. `onDurable` is called once per sync, and only after it: what it reports
 * survives any crash. Positions are byte offsets, so they grow, are never used twice while the log
 * is open, and find their record without an index.
 */
export class SegmentLog {
  /** What recovery found that the disk had changed. */
  readonly damages: readonly Damage[];
  readonly #platform: Platform;
  readonly #options: Settings;
  readonly #segments: SegmentFile[];
  readonly #pending: PendingBlocks;
  readonly #tail: SegmentTail;
  /** Blocks being written, kept until their sync returned: a full disk gets the same bytes again. */
  #group: OpenBlock[] = [];
  #durable: number;
  #state: LogState = 'ok';
  #isScheduled = false;
  #writing: Promise<void> | undefined;
  #retaining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #cancelTimer: Cancel | undefined;
  #cancelRetention: Cancel | undefined;
  readonly #appends: Counter;
  readonly #syncs: Counter;
  readonly #syncSeconds: Histogram;
  readonly #cancelWatches: readonly Cancel[];
  readonly #onDurable = new Set<(lastPosition: number) => void>();
  readonly #onState = new Set<(state: LogState) => void>();

  /** Opens or makes the log in `directory`, which nobody else may have open. */
  static async open(platform: Platform, options: SegmentLogOptions): Promise<SegmentLog> {
    const merged = { ...defaults, ...options };
    await merged.files.makeDirectory(merged.directory);
    const recovered = await recoverSegments(merged.files, merged.directory, merged.visitor);
    for (const damage of recovered.damages) platform.log.error('log.damaged', { directory: merged.directory, ...damage });
    if (recovered.tornBytes > 0) platform.log.info('log.tail-cut', { directory: merged.directory, bytes: recovered.tornBytes });
    return new SegmentLog(platform, merged, recovered.segments, recovered.end, recovered.damages);
  }

  private constructor(platform: Platform, options: Settings, segments: SegmentFile[], end: number, damages: readonly Damage[]) {
    this.#platform = platform;
    this.#options = options;
    this.#segments = segments;
    this.#durable = end;
    this.damages = damages;
    this.#tail = new SegmentTail(options.tailBytes);
    const newest = segments.at(-1);
    this.#pending = new PendingBlocks({
      ...options,
      now: () => platform.clock.now(),
      position: end,
      // A segment that does not reach up to the end is damaged there: the log goes on in a new one.
      segment: newest?.end === end ? { base: newest.base, createdAt: newest.header.createdAt } : undefined,
    });
    const metrics = metricsOf(platform);
    this.#appends = metrics.counter('homeport_log_appends_total');
    this.#syncs = metrics.counter('homeport_log_syncs_total');
    this.#syncSeconds = metrics.histogram('homeport_log_sync_seconds');
    this.#cancelWatches = [
      metrics.gauge('homeport_log_pending_bytes', () => this.pendingBytes),
      metrics.gauge('homeport_log_bytes', () => this.end - this.start),
      metrics.gauge('homeport_log_unwritable', () => (this.#state === 'full' || this.#state === 'failed' ? 1 : 0)),
      healthOf(platform).watch('log', () => this.#concerns()),
    ];
    this.#scheduleRetention();
  }

  get state(): LogState {
    return this.#state;
  }

  /** Position of the oldest record kept, or `end`. */
  get start(): number {
    return this.#segments[0]?.base ?? this.#durable;
  }

  /** Everything before is on disk. */
  get end(): number {
    return this.#durable;
  }

  /** The stretches that the log is kept in, oldest first, with what its owner noted at the start of each. */
  get stretches(): readonly LogStretch[] {
    return this.#segments.map(({ base, end, header }) => ({ base, end, createdAt: header.createdAt, preamble: header.preamble }));
  }

  /** Bytes that wait for the disk. */
  get pendingBytes(): number {
    return this.#pending.byteLength;
  }

  /**
   * Copies the record into the open block and returns its position. Throws Problem `storage-full`,
   * `unavailable` or `payload-too-large`; then nothing was taken.
   */
  append(record: RecordWriter): number {
    if (this.#state !== 'ok') throw refusalOf(this.#state);
    if (record.byteLength > this.#options.recordBytesMax) {
      throw new Problem('payload-too-large', `A record has at most ${this.#options.recordBytesMax} bytes.`);
    }
    if (this.#pending.byteLength + record.byteLength + recordHeaderBytes > this.#options.pendingBytesMax) {
      throw new Problem('unavailable', 'Too much is waiting for the disk.', { retryAfterSeconds: 1 });
    }
    const position = this.#pending.append(record);
    this.#appends.value++;
    this.#schedule();
    return position;
  }

  /** Called once per sync with the position of the last record that it made durable. */
  onDurable(listener: (lastPosition: number) => void): Cancel {
    this.#onDurable.add(listener);
    return () => this.#onDurable.delete(listener);
  }

  onState(listener: (state: LogState) => void): Cancel {
    this.#onState.add(listener);
    return () => this.#onState.delete(listener);
  }

  /**
   * Durable records from `from` on, about `bytesMax` bytes of them; empty at the end. What retention
   * removed continues at `start`. Throws LogDamaged.
   */
  async read(from: number, bytesMax: number): Promise<LogRecord[]> {
    for (let at = Math.max(from, this.start); at < this.#durable; ) {
      const newest = this.#tail.read(at, bytesMax);
      if (newest) return newest;
      const segment = this.#segments.find((candidate) => at < candidate.end);
      if (!segment || segment.base > at) throw new LogDamaged({ from: at, to: segment?.base ?? this.#durable });
      try {
        const records = await segment.read(at, bytesMax);
        if (records.length > 0) return records;
        at = segment.end;
      } catch (error) {
        // Retention may take the segment away under a read; then the log has a new start.
        if (this.#segments.includes(segment)) throw error;
        at = Math.max(at, this.start);
      }
    }
    return [];
  }

  /** The record at exactly `position`; undefined when retention removed it or it is not durable yet. */
  async load(position: number): Promise<LogRecord | undefined> {
    if (position < this.start || position >= this.#durable) return undefined;
    const [record] = await this.read(position, this.#options.blockBytes);
    return record?.position === position ? record : undefined;
  }

  /** Where the first block begins that begins at `from` or later; `end` when none does. For who looks for a place in the log. */
  async findBlock(from: number): Promise<number> {
    for (const segment of [...this.#segments]) {
      if (from >= segment.end) continue;
      const found = await segment.findBlock(from);
      if (found < segment.end) return found;
    }
    return this.#durable;
  }

  /** Deletes the segments that the retention policy no longer wants. Runs by itself as well. */
  retain(): Promise<void> {
    this.#retaining ??= this.#retain().finally(() => {
      this.#retaining = undefined;
    });
    return this.#retaining;
  }

  /** Writes and syncs what waits, then lets go of the files. What a full disk would not take is given up. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelRetention?.();
    for (const cancel of this.#cancelWatches) cancel();
    const isHealthy = this.#state === 'ok';
    if (isHealthy) this.#setState('closed');
    this.#cancelTimer?.();
    this.#isScheduled = false;
    do {
      if (isHealthy) this.#write();
      await this.#writing;
    } while (isHealthy && this.state === 'closed' && this.#group.length === 0 && !this.#pending.isEmpty);
    await this.#retaining?.catch(() => undefined);
    this.#setState('closed');
    await Promise.all(this.#segments.map((segment) => segment.retire()));
  }

  #concerns(): Concern[] {
    const { directory } = this.#options;
    const damaged = this.damages.length;
    return [
      ...(this.#state === 'full'
        ? [
            {
              part: 'log',
              state: 'failed' as const,
              says: `The log in ${directory} takes nothing: its disk is full.`,
              fix: fullFix,
            },
          ]
        : []),
      ...(this.#state === 'failed'
        ? [
            {
              part: 'log',
              state: 'failed' as const,
              says: `The log in ${directory} takes nothing: its disk failed.`,
              fix: failedFix,
            },
          ]
        : []),
      ...(damaged > 0
        ? [
            {
              part: 'log',
              state: 'degraded' as const,
              says: `The log in ${directory} is damaged in ${damaged} places.`,
              fix: damagedFix,
            },
          ]
        : []),
    ];
  }

  #schedule(): void {
    if (this.#isScheduled || this.#writing) return;
    this.#isScheduled = true;
    const { lingerMs } = this.#options;
    if (lingerMs > 0) this.#cancelTimer = this.#platform.clock.after(lingerMs, () => this.#write());
    else queueMicrotask(() => this.#write());
  }

  #write(): void {
    this.#isScheduled = false;
    if (this.#writing || this.#state === 'failed') return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#state === 'ok' && !this.#pending.isEmpty) this.#schedule();
    });
  }

  /** Group after group until nothing waits. With a linger, one: the next gets its own time to gather. */
  async #writeAll(): Promise<void> {
    do {
      if (this.#group.length === 0) this.#group = this.#pending.takeGroup();
      if (this.#group.length === 0) return;
      if (!(await this.#writeGroup(this.#group))) return;
      this.#group = [];
    } while (this.#options.lingerMs === 0 || this.#state === 'closed');
  }

  /** false when the group is not on disk. */
  async #writeGroup(group: readonly OpenBlock[]): Promise<boolean> {
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last) return true;
    const startedAt = this.#platform.clock.monotonic();
    let segment: SegmentFile;
    let sealed: Buffer[];
    try {
      segment = await this.#segmentFor(first);
      sealed = group.map((block) => block.seal(segment.header.salt, first.position));
      await segment.write(sealed, first.position);
    } catch (error) {
      this.#failWrite(error);
      return false;
    }
    try {
      await segment.sync();
    } catch (error) {
      // Whether a sync failed for want of room or of a disk: the kernel may have dropped the pages and
      // a second sync would succeed without them.
      this.#fail(error);
      return false;
    }
    this.#syncs.value++;
    this.#syncSeconds.observe((this.#platform.clock.monotonic() - startedAt) / 1000);
    segment.end = last.end;
    this.#durable = last.end;
    if (this.#options.tailBytes > 0) {
      for (const [index, block] of group.entries()) this.#tail.add(block.position, sealed[index] ?? none);
    }
    this.#pending.release(group);
    if (this.#state === 'full') this.#setState('ok');
    this.#tell(this.#onDurable, last.lastPosition);
    if (first.isFirstInSegment) this.retain().catch((error) => this.#warnRetention(error));
    return true;
  }

  async #segmentFor(block: OpenBlock): Promise<SegmentFile> {
    const newest = this.#segments.at(-1);
    if (newest && (!block.isFirstInSegment || newest.base === block.position)) return newest;
    const { files, directory } = this.#options;
    const header = {
      base: block.position,
      createdAt: block.createdAt,
      salt: this.#platform.random.bytes(4).readUInt32LE(),
      preamble: block.preamble,
    };
    // What an attempt without room left behind; nothing in it was ever reported.
    if ((await files.list(directory)).includes(segmentName(block.position))) {
      await files.remove(directory, segmentName(block.position));
    }
    const segment = await SegmentFile.create(files, directory, header);
    this.#segments.push(segment);
    return segment;
  }

  #failWrite(error: unknown): void {
    if (!isOutOfSpace(error)) {
      this.#fail(error);
      return;
    }
    if (this.#state === 'ok') {
      this.#platform.log.error('log.full', { directory: this.#options.directory });
      this.#setState('full');
    }
    if (this.#state === 'full') this.#cancelTimer = this.#platform.clock.after(this.#options.fullRetryMs, () => this.#write());
  }

  #fail(error: unknown): void {
    this.#platform.log.error('log.failed', { directory: this.#options.directory, error: String(error) });
    this.#setState('failed');
  }

  #setState(state: LogState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell(this.#onState, state);
  }

  /** A listener that throws is a bug of its own; the log and the other listeners go on. */
  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#platform.log.error('log.listener-failed', { directory: this.#options.directory, error: String(error) });
      }
    }
  }

  async #retain(): Promise<void> {
    const ages = this.#segments.map(({ base, end, header }) => ({ base, end, createdAt: header.createdAt }));
    const count = countExpired(ages, this.#options.retention, this.#platform.clock.now());
    for (const oldest of this.#segments.slice(0, count)) {
      await this.#options.files.remove(this.#options.directory, oldest.name);
      this.#segments.shift();
      await oldest.retire();
      // One at a time: otherwise a crash could bring back an older one before a hole.
      await this.#options.files.syncDirectory(this.#options.directory);
    }
  }

  #scheduleRetention(): void {
    this.#cancelRetention = this.#platform.clock.calendar.after(retentionIntervalMs, () => {
      this.#scheduleRetention();
      return this.retain().catch((error) => this.#warnRetention(error));
    });
  }

  #warnRetention(error: unknown): void {
    this.#platform.log.warn('log.retention-failed', { directory: this.#options.directory, error: String(error) });
  }
}

const none = Buffer.alloc(0);

function refusalOf(state: Exclude<LogState, 'ok'>): Problem {
  if (state === 'full') return new Problem('storage-full', 'The disk is full.', { retryAfterSeconds: 10 });
  return new Problem('unavailable', state === 'failed' ? 'The disk failed; the log must be opened anew.' : 'The log is closed.');
}
