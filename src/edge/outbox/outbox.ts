import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { FileSystem } from '#storage/file-system.ts';
import { LogDamaged } from '#storage/segment-file.ts';
import { type LogState, SegmentLog } from '#storage/segment-log.ts';
import { keepDeadLetter } from './dead-letters.ts';
import { CursorFile, loadCursor, type OutboxCursor } from './outbox-cursor.ts';
import { type OutboxMessage, outboxRecord, readOutboxRecord, readSequencePreamble, sequencePreamble } from './outbox-record.ts';

export type OutboxOptions = {
  readonly directory: string;
  readonly files: FileSystem;
  /** Bytes on disk; above it the oldest segment goes, a sixteenth of this. */
  readonly bytesMax?: number;
  /** Messages that wait; above it the oldest go. */
  readonly countMax?: number;
  /** Bytes in memory that no disk has yet; above it nothing more is taken. */
  readonly memoryBytesMax?: number;
};

/** A message on its way. */
export type OutboxEntry = {
  readonly sequence: number;
  readonly message: OutboxMessage;
};

type Entry = OutboxEntry & { position: number | undefined; isSettled: boolean };
/** A message that is not on disk yet. */
type Unstored = Entry & { readonly stored: PromiseWithResolvers<void> };

const mebibyte = 1024 * 1024;
const readBytes = 256 * 1024;
/** How often a disk that could not be read is tried again. */
const readRetryMs = 1_000;
const segmentsKept = 16;
/** So many connections may end at one message before it is put aside. */
const strikesMax = 3;

/**
 * What waits for the hub, in order, on disk.
 *
 * A message is `accept`ed when it is synced; `take` hands out one after the other, `settle` says that the hub has it.
 * What was taken and not settled goes out again, after a restart as well: nothing accepted is lost, some may be sent
 * twice. Above its limits the oldest that were not taken go, and `dropped` counts them exactly: every message has a
 * sequence, and one that was passed without being settled was dropped.
 *
 * While the disk is full or broken, messages are held in memory and handed out from there. They are accepted when the
 * hub has them, or when there is room again.
 */
export class Outbox {
  readonly #platform: Platform;
  readonly #options: Required<OutboxOptions>;
  readonly #log: SegmentLog;
  readonly #cursor: CursorFile;
  readonly #cancels: Cancel[];
  readonly #onReady = new Set<() => void>();
  /** Accepted or about to be, not durable, oldest first. */
  readonly #unstored: Unstored[] = [];
  #unstoredBytes = 0;
  /** Read and not handed out. */
  #ready: Entry[] = [];
  /** Handed out; the settled ones among them wait for older ones. */
  #taken: Entry[] = [];
  #reading: Promise<void> | undefined;
  #cancelRetry: Cancel = () => {};
  #readAt: number;
  /** Sequence of the newest. */
  #last: number;
  /** Of the next one to hand out. */
  #next: number;
  /** Of the oldest that is not settled: what the cursor says. */
  #head: number;
  #headPosition: number;
  #droppedBefore: number;
  /** What is older was taken away by the limit on their number. */
  #floor = 0;
  #appending = 0;
  #strikes = { sequence: 0, count: 0 };
  #buried = 0;

  /** Opens or makes the outbox in `directory`, which nobody else may have open. */
  static async open(platform: Platform, options: OutboxOptions): Promise<Outbox> {
    const merged = { bytesMax: 64 * mebibyte, countMax: 1_000_000, memoryBytesMax: 4 * mebibyte, ...options };
    let last = 0;
    // The preamble is written while the first record of a segment is appended.
    let appending = () => 0;
    const segmentBytes = Math.ceil(merged.bytesMax / segmentsKept);
    const log = await SegmentLog.open(platform, {
      directory: merged.directory,
      files: merged.files,
      segmentBytes,
      segmentMs: Number.MAX_SAFE_INTEGER,
      // One less: it is looked at where a segment begins, and that one fills up before the next look.
      retention: { bytesMax: merged.bytesMax - segmentBytes },
      tailBytes: readBytes,
      preamble: () => sequencePreamble(appending()),
      visitor: {
        preamble: (bytes) => {
          last = Math.max(last, (readSequencePreamble(bytes) ?? 1) - 1);
        },
        record: (bytes) => {
          last = Math.max(last, readOutboxRecord(bytes)?.sequence ?? 0);
        },
      },
    });
    const found = await loadCursor(merged.directory);
    const cursor = found && { ...found, position: await soundPosition(log, found.position) };
    const outbox = new Outbox(platform, merged, log, cursor, last);
    // From the first message on: what the limits take before the hub was ever reached is counted too.
    if (!cursor && log.end === 0) outbox.#saveCursor();
    appending = () => outbox.#appending;
    return outbox;
  }

  private constructor(
    platform: Platform,
    options: Required<OutboxOptions>,
    log: SegmentLog,
    cursor: OutboxCursor | undefined,
    last: number,
  ) {
    this.#platform = platform;
    this.#options = options;
    this.#log = log;
    this.#cursor = new CursorFile(platform, options.directory);
    // A tail that was cut may have held numbers that the hub has seen: they are not used again.
    this.#last = Math.max(last, (cursor?.sequence ?? 1) - 1);
    this.#head = cursor?.sequence ?? this.#firstKept();
    this.#next = this.#head;
    this.#readAt = cursor?.position ?? log.start;
    this.#headPosition = this.#readAt;
    this.#droppedBefore = cursor?.dropped ?? 0;
    this.#cancels = [
      log.onDurable((position) => this.#stored(position)),
      log.onState(() => {
        this.#appendWaiting();
        this.#tellReady();
      }),
    ];
  }

  get state(): LogState {
    return this.#log.state;
  }

  /** Messages that the hub does not have yet. */
  get depth(): number {
    return this.#last + 1 - this.#effectiveNext() + this.#taken.filter(({ isSettled }) => !isSettled).length;
  }

  /** Messages that the limits took away, ever. */
  get dropped(): number {
    return this.#droppedBefore + (this.#effectiveNext() - this.#head) - this.#taken.length;
  }

  /** Messages put aside since it was opened. */
  get buried(): number {
    return this.#buried;
  }

  /** Taken and not settled, oldest first: what goes out again on a new connection. */
  get unsettled(): readonly OutboxEntry[] {
    return this.#taken.filter(({ isSettled }) => !isSettled);
  }

  /** Called when `take` may have something. */
  onReady(listener: () => void): Cancel {
    this.#onReady.add(listener);
    return () => this.#onReady.delete(listener);
  }

  /**
   * Resolves when `message` is safe. Throws Problem `unavailable` when more waits for the disk than memory may hold:
   * then nothing was taken.
   */
  accept(message: OutboxMessage): Promise<void> {
    const bytes = bytesOf(message);
    if (this.#unstoredBytes + bytes > this.#options.memoryBytesMax) {
      throw new Problem('unavailable', 'Too much is waiting for the disk.', { retryAfterSeconds: 1 });
    }
    const entry: Unstored = {
      sequence: ++this.#last,
      message: { ...message, payload: Buffer.from(message.payload) },
      position: undefined,
      isSettled: false,
      stored: Promise.withResolvers(),
    };
    this.#unstored.push(entry);
    this.#unstoredBytes += bytes;
    this.#appendWaiting();
    this.#floor = Math.max(this.#floor, this.#last + 1 - this.#options.countMax);
    if (this.#log.state !== 'ok') this.#tellReady();
    return entry.stored.promise;
  }

  /** The next message in order; undefined when none is at hand, and `onReady` tells when one may be. */
  take(): OutboxEntry | undefined {
    this.#dropReady();
    const entry = this.#ready.shift() ?? this.#takeUnstored();
    if (!entry) {
      this.#read();
      return undefined;
    }
    this.#next = entry.sequence + 1;
    this.#taken.push(entry);
    if (this.#ready.length === 0) this.#read();
    return entry;
  }

  /** The hub has it. */
  settle({ sequence }: OutboxEntry): void {
    const entry = this.#taken.find((taken) => taken.sequence === sequence);
    if (!entry || entry.isSettled) return;
    entry.isSettled = true;
    const index = this.#unstored.findIndex((unstored) => unstored.sequence === sequence);
    const unstored = this.#unstored[index];
    unstored?.stored.resolve();
    // What the log never took need not go there any more.
    if (unstored && unstored.position === undefined) this.#forget(index);
    while (this.#taken[0]?.isSettled) this.#passHead();
    this.#saveCursor();
  }

  /**
   * The hub ended the connection while the oldest unsettled message was on its way. At the third time in a row it is put
   * aside, and answered: one message that the hub cannot bear must not hold up all that come after it.
   */
  async strike(): Promise<(OutboxEntry & { readonly isKept: boolean }) | undefined> {
    const head = this.#taken.find(({ isSettled }) => !isSettled);
    if (!head) return undefined;
    this.#strikes =
      this.#strikes.sequence === head.sequence
        ? { ...this.#strikes, count: this.#strikes.count + 1 }
        : { sequence: head.sequence, count: 1 };
    if (this.#strikes.count < strikesMax) return undefined;
    const outcome = await keepDeadLetter(this.#platform, this.#options.directory, head.message);
    // It stays where it is until the disk takes it.
    if (outcome === 'failed') return undefined;
    this.#buried++;
    this.settle(head);
    return { ...head, isKept: outcome === 'kept' };
  }

  /** Whether the oldest unsettled message is under suspicion: then it goes out alone. */
  get isSuspicious(): boolean {
    return this.#strikes.count > 0 && this.unsettled[0]?.sequence === this.#strikes.sequence;
  }

  async close(): Promise<void> {
    for (const cancel of [...this.#cancels, this.#cancelRetry]) cancel();
    await this.#reading;
    await this.#log.close();
    await this.#cursor.close();
  }

  #saveCursor(): void {
    this.#cursor.save({ position: this.#headPosition, sequence: this.#head, dropped: this.#droppedBefore });
  }

  #passHead(): void {
    const passed = this.#taken.shift();
    const head = this.#taken[0]?.sequence ?? this.#next;
    // Those between that were never taken.
    this.#droppedBefore += head - this.#head - (passed ? 1 : 0);
    this.#head = head;
    this.#headPosition = this.#taken[0]?.position ?? this.#ready[0]?.position ?? this.#readAt;
  }

  #effectiveNext(): number {
    const ready = this.#ready.find(({ sequence }) => sequence >= this.#floor);
    return ready?.sequence ?? Math.max(this.#next, this.#floor, Math.min(this.#firstKept(), this.#last + 1));
  }

  /** The sequence of the oldest record in the log; of the next one when there is none. */
  #firstKept(): number {
    const [oldest] = this.#log.stretches;
    return (oldest && readSequencePreamble(oldest.preamble)) ?? 1;
  }

  #dropReady(): void {
    while ((this.#ready[0]?.sequence ?? this.#floor) < this.#floor) this.#ready.shift();
    this.#next = Math.max(this.#next, this.#floor);
  }

  /** Out of memory, when the disk cannot be waited for and everything before was handed out. */
  #takeUnstored(): Entry | undefined {
    if (this.#log.state === 'ok' || this.#reading || this.#readAt < this.#log.end) return undefined;
    return this.#unstored.find(({ sequence }) => sequence >= this.#next);
  }

  #read(): void {
    if (this.#reading || this.#readAt >= this.#log.end || this.#log.state === 'closed') return;
    this.#reading = this.#readSome().then((isRead) => {
      this.#reading = undefined;
      if (isRead) this.#tellReady();
      else this.#cancelRetry = this.#platform.clock.after(readRetryMs, () => this.#tellReady());
    });
  }

  /** false when the disk did not let it. */
  async #readSome(): Promise<boolean> {
    try {
      for (const record of await this.#log.read(this.#readAt, readBytes)) {
        this.#readAt = record.next;
        const read = readOutboxRecord(record.bytes);
        if (read && read.sequence >= this.#next) this.#ready.push({ ...read, position: record.position, isSettled: false });
      }
    } catch (error) {
      if (!(error instanceof LogDamaged)) {
        this.#platform.log.error('outbox.read-failed', { directory: this.#options.directory, error: String(error) });
        return false;
      }
      this.#platform.log.error('outbox.damaged', { directory: this.#options.directory, ...error.damage });
      this.#readAt = error.damage.to;
    }
    return true;
  }

  #appendWaiting(): void {
    for (const entry of this.#unstored) {
      if (entry.position !== undefined) continue;
      if (this.#log.state !== 'ok') return;
      this.#appending = entry.sequence;
      try {
        entry.position = this.#log.append(outboxRecord(entry.sequence, this.#platform.clock.now(), entry.message));
      } catch (error) {
        if (error instanceof Problem) return;
        throw error;
      }
    }
  }

  #stored(lastPosition: number): void {
    while (this.#unstored[0]?.position !== undefined && this.#unstored[0].position <= lastPosition) {
      this.#unstored[0].stored.resolve();
      this.#forget(0);
    }
    this.#appendWaiting();
    this.#tellReady();
  }

  #forget(index: number): void {
    const [gone] = this.#unstored.splice(index, 1);
    if (gone) this.#unstoredBytes -= bytesOf(gone.message);
  }

  #tellReady(): void {
    for (const listener of this.#onReady) listener();
  }
}

/** What one costs in memory, about. */
function bytesOf({ topic, payload }: OutboxMessage): number {
  return 64 + topic.length + payload.length;
}

/** A cursor may be of another log than what is left of this one: then all that is kept is looked through. */
async function soundPosition(log: SegmentLog, position: number): Promise<number> {
  if (position === log.end) return position;
  const record = await log.load(position).catch(() => undefined);
  return record ? position : log.start;
}
