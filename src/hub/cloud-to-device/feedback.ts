import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { Transaction } from '#storage/transaction.ts';
import type { Identity } from '../identity.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { Listeners } from '../listeners.ts';
import { FeedbackStore } from './feedback-store.ts';
import { type CloudToDeviceSettings, cloudToDeviceLimits } from './limits.ts';
import type { QueuedMessage } from './message.ts';

/** How a message ended. */
export type Outcome = 'Success' | 'Expired' | 'DeliveryCountExceeded' | 'Rejected' | 'Purged';

export type FeedbackRecord = {
  readonly originalMessageId: string | undefined;
  readonly identity: Identity;
  readonly generationId: string;
  readonly outcome: Outcome;
  /** When it ended. */
  readonly at: Instant;
};

/** Records that one reader has, until it says what became of them. */
export type FeedbackBatch = { readonly lockToken: string; readonly records: readonly FeedbackRecord[] };

/** Records that wait for a reader, above which the oldest go, and after how many new ones that is looked at. */
type Room = { readonly recordsMax: number; readonly trimEvery: number };

/**
 * What became of messages whose senders asked, until somebody reads it (hub-service-protocol.md 8.3, 8.4). Written in
 * the transaction that ends the message, so that neither is without the other. Readers share what there is.
 */
export class Feedback {
  readonly #platform: Platform;
  readonly #store: FeedbackStore;
  readonly #settings: CloudToDeviceSettings;
  readonly #room: Room;
  readonly #readers = new IdentityQueue();
  readonly #arrivals: Listeners<void>;
  #untold = 0;
  #lingering: Cancel | undefined;
  #lastSequence: number | undefined;
  #sinceTrim = 0;

  constructor(
    platform: Platform,
    database: Database,
    hub: string,
    settings: CloudToDeviceSettings,
    room: Room = { recordsMax: cloudToDeviceLimits.feedbackMax, trimEvery: 256 },
  ) {
    this.#room = room;
    this.#platform = platform;
    this.#store = new FeedbackStore(database, hub);
    this.#settings = settings;
    this.#arrivals = new Listeners(platform.log, 'feedback');
  }

  /**
   * Calls `listener` when there may be records that were not there before: when a batch is full, or some time after its
   * first, so that one message says of many.
   */
  onArrival(listener: () => void): Cancel {
    return this.#arrivals.add(listener);
  }

  /**
   * Notes how `message` ended, if its sender wants to hear of that, and says so; then call `arrived` once the transaction
   * is done.
   */
  async record(transaction: Transaction, message: Omit<QueuedMessage, 'body'>, outcome: Outcome): Promise<boolean> {
    if (!isAskedFor(message.acknowledgement, outcome)) return false;
    const at = this.#platform.clock.now();
    const { messageId: originalMessageId, identity, generationId } = message;
    const record = { originalMessageId, identity, generationId, outcome, at };
    const sequence = await this.#nextSequence(transaction, at);
    await this.#store.insert(transaction, record, sequence, plus(at, this.#settings.feedbackTimeToLiveMs));
    this.#sinceTrim += 1;
    if (this.#sinceTrim < this.#room.trimEvery) return true;
    this.#sinceTrim = 0;
    await this.#store.trim(transaction, at, this.#room.recordsMax);
    return true;
  }

  /** What was recorded is on disk. */
  arrived(): void {
    this.#untold += 1;
    if (this.#untold >= cloudToDeviceLimits.feedbackBatchMax) this.#tell();
    else this.#lingering ??= this.#platform.clock.after(cloudToDeviceLimits.feedbackLingerMs, () => this.#tell());
  }

  /** The oldest records that nobody else has, or undefined when there are none. */
  receive(): Promise<FeedbackBatch | undefined> {
    // One after the other: two that look at once would both find the same.
    return this.#readers.run('', async () => {
      const lockToken = this.#platform.random.uuid();
      const now = this.#platform.clock.now();
      const { feedbackBatchMax } = cloudToDeviceLimits;
      const records = await this.#store.lock(lockToken, now, plus(now, this.#settings.feedbackLockMs), feedbackBatchMax);
      return records.length === 0 ? undefined : { lockToken, records };
    });
  }

  /** The reader is done with the batch. Throws Problem `precondition-failed` when its lock is over. */
  async complete(lockToken: string): Promise<void> {
    if (!(await this.#store.delete(lockToken, this.#platform.clock.now()))) throw lockLost();
  }

  /** Gives the batch back for another reader; given back too often it is dropped. Throws as `complete` does. */
  async abandon(lockToken: string): Promise<void> {
    const { feedbackDeliveryCountMax } = this.#settings;
    const isReturned = await this.#store.unlock(lockToken, this.#platform.clock.now(), feedbackDeliveryCountMax);
    if (!isReturned) throw lockLost();
    this.#tell();
  }

  #tell(): void {
    this.#untold = 0;
    this.#lingering?.();
    this.#lingering = undefined;
    this.#arrivals.tell();
  }

  /**
   * Messages of several devices end at the same time, and their transactions do not see each other's records. Time gives
   * a floor, so that a number is not used again once its record is gone.
   */
  async #nextSequence(transaction: Transaction, at: Instant): Promise<number> {
    const stored = this.#lastSequence ?? (await this.#store.lastSequence(transaction));
    this.#lastSequence = Math.max(this.#lastSequence ?? 0, stored, at - 1) + 1;
    return this.#lastSequence;
  }
}

/** hub-service-protocol.md 8.3. */
function isAskedFor(acknowledgement: QueuedMessage['acknowledgement'], outcome: Outcome): boolean {
  if (acknowledgement === 'full') return true;
  return acknowledgement === (outcome === 'Success' ? 'positive' : 'negative');
}

export function lockLost(): Problem {
  return new Problem('precondition-failed', 'There is no message under this lock token, or its lock is over.', {
    reason: 'lock-lost',
  });
}
