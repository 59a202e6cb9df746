import type { Cancel } from '#base/clock.ts';
import { type Instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { Transaction } from '#storage/transaction.ts';
import { lockLost } from '../cloud-to-device/feedback.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { Listeners } from '../listeners.ts';
import { type FileSettings, fileLimits } from './limits.ts';
import { NotificationStore } from './notification-store.ts';

/** A file that a device has uploaded, as back ends are told of it (hub-service-protocol.md 8.5). */
export type FileNotification = {
  readonly deviceId: string;
  /** Without what would let anybody read it. */
  readonly blobUri: string;
  /** With the device id before it. */
  readonly blobName: string;
  readonly blobBytes: number;
  readonly modifiedAt: Instant;
  readonly enqueuedAt: Instant;
};

/** One that a reader has, until it says what became of it. */
export type HeldNotification = { readonly lockToken: string; readonly notification: FileNotification };

/** After how many new ones it is looked at whether there are too many. */
const trimEvery = 256;

/**
 * That files have come, until some back end knows. Written in the transaction that ends the upload, so that neither
 * is without the other. Readers share what there is: each gets one at a time, which is its own until it settles it.
 */
export class FileNotifications {
  readonly #platform: Platform;
  readonly #store: NotificationStore;
  readonly #settings: FileSettings;
  readonly #notificationsMax: number;
  readonly #readers = new IdentityQueue();
  readonly #arrivals: Listeners<void>;
  #lastSequence = 0;
  #sinceTrim = 0;

  private constructor(platform: Platform, store: NotificationStore, settings: FileSettings, notificationsMax: number) {
    this.#platform = platform;
    this.#store = store;
    this.#settings = settings;
    this.#notificationsMax = notificationsMax;
    this.#arrivals = new Listeners(platform.log, 'file-notification');
  }

  static async open(
    platform: Platform,
    database: Database,
    hub: string,
    settings: FileSettings,
    notificationsMax: number = fileLimits.notificationsMax,
  ): Promise<FileNotifications> {
    const store = new NotificationStore(database, hub);
    const notifications = new FileNotifications(platform, store, settings, notificationsMax);
    notifications.#lastSequence = await store.lastSequence();
    return notifications;
  }

  /** Calls `listener` when there may be something to receive that was not there before. */
  onArrival(listener: () => void): Cancel {
    return this.#arrivals.add(listener);
  }

  /** Call `arrived` once the transaction is done. */
  async record(transaction: Transaction, file: Omit<FileNotification, 'enqueuedAt'>): Promise<void> {
    const enqueuedAt = this.#platform.clock.now();
    // Time gives a floor, so that a number is not used again once what had it is gone.
    this.#lastSequence = Math.max(this.#lastSequence, enqueuedAt - 1) + 1;
    const expiresAt = plus(enqueuedAt, this.#settings.notificationTimeToLiveMs);
    await this.#store.insert(transaction, { ...file, enqueuedAt }, this.#lastSequence, expiresAt);
  }

  /** What was recorded is on disk. */
  async arrived(): Promise<void> {
    this.#arrivals.tell();
    this.#sinceTrim += 1;
    if (this.#sinceTrim < Math.min(trimEvery, this.#notificationsMax)) return;
    this.#sinceTrim = 0;
    await this.#store.trim(this.#platform.clock.now(), this.#notificationsMax);
  }

  /** The oldest that nobody else has, or undefined when there is none. */
  receive(): Promise<HeldNotification | undefined> {
    // One after the other: two that look at once would both find the same.
    return this.#readers.run('', async () => {
      const lockToken = this.#platform.random.uuid();
      const now = this.#platform.clock.now();
      const notification = await this.#store.lock(lockToken, now, plus(now, this.#settings.notificationLockMs));
      return notification && { lockToken, notification };
    });
  }

  /** The reader is done with it. Throws Problem `precondition-failed` when its lock is over. */
  async complete(lockToken: string): Promise<void> {
    if (!(await this.#store.delete(lockToken, this.#platform.clock.now()))) throw lockLost();
  }

  /** The reader wants nobody to get it. Throws as `complete` does. */
  reject(lockToken: string): Promise<void> {
    return this.complete(lockToken);
  }

  /** Gives it back for another reader; given back too often it is dropped. Throws as `complete` does. */
  async abandon(lockToken: string): Promise<void> {
    const { notificationDeliveryCountMax } = this.#settings;
    const isReturned = await this.#store.unlock(lockToken, this.#platform.clock.now(), notificationDeliveryCountMax);
    if (!isReturned) throw lockLost();
    this.#arrivals.tell();
  }
}
