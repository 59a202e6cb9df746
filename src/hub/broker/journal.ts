import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { BrokerStore, JournalEntry } from './broker-store.ts';
import { journalEntriesMax } from './limits.ts';

/** How long the database is left alone after it refused a batch. */
const retryMs = 1_000;

type Batch = { readonly entries: Map<string, JournalEntry>; readonly done: PromiseWithResolvers<void> };

/**
 * Writes what the broker keeps, in batches: one transaction at a time, and what changes meanwhile goes out together
 * with the next. Whoever may acknowledge only what is on disk waits for `written`.
 */
export class Journal {
  readonly #platform: Platform;
  readonly #store: Pick<BrokerStore, 'apply'>;
  #open = newBatch();
  #writing: Batch | undefined;
  #isScheduled = false;
  #isHealthy = true;
  #cancelRetry: Cancel | undefined;

  constructor(platform: Platform, store: Pick<BrokerStore, 'apply'>) {
    this.#platform = platform;
    this.#store = store;
  }

  /** False while the database refuses: nothing is lost, nothing is acknowledged, and it is tried again. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  get isFull(): boolean {
    return this.#open.entries.size + (this.#writing?.entries.size ?? 0) >= journalEntriesMax;
  }

  write(entry: JournalEntry): void {
    this.#open.entries.set(keyOf(entry), entry);
    if (this.#isScheduled || this.#writing) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  /** Resolves when everything written so far is on disk. */
  written(): Promise<void> {
    if (this.#open.entries.size > 0) return this.#open.done.promise;
    return this.#writing?.done.promise ?? Promise.resolve();
  }

  /** Writes what is left, unless the database refuses it. */
  async close(): Promise<void> {
    if (this.#isHealthy) await this.written();
    this.#cancelRetry?.();
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#writing || this.#open.entries.size === 0) return;
    this.#writing = this.#open;
    this.#open = newBatch();
    void this.#write(this.#writing);
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#store.apply([...batch.entries.values()]);
    } catch (error) {
      if (this.#isHealthy) this.#platform.log.error('broker.unwritten', { error: String(error), count: batch.entries.size });
      this.#isHealthy = false;
      this.#cancelRetry = this.#platform.clock.after(retryMs, () => void this.#write(batch));
      return;
    }
    this.#isHealthy = true;
    this.#writing = undefined;
    batch.done.resolve();
    this.#flush();
  }
}

function newBatch(): Batch {
  return { entries: new Map(), done: Promise.withResolvers() };
}

/** One key for each thing that is kept. */
function keyOf(entry: JournalEntry): string {
  const noun = entry.kind.split('-', 1)[0] ?? '';
  switch (entry.kind) {
    case 'session':
    case 'session-gone':
      return `${noun}/${entry.clientId}`;
    case 'message':
    case 'message-released':
    case 'message-gone':
      return `${noun}/${entry.clientId}/${entry.sequence}`;
    case 'received':
    case 'received-gone':
      return `${noun}/${entry.clientId}/${entry.packetId}`;
    case 'retained':
      return `${noun}/${entry.message.topic}`;
    case 'retained-gone':
      return `${noun}/${entry.topic}`;
  }
}
