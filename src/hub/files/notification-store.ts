import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubFileNotificationRow } from '#storage/schema/files.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import type { FileNotification } from './notifications.ts';

/** Notifications of files of one hub in the database. */
export class NotificationStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** With a number that no other has. */
  async insert(transaction: Transaction, notification: FileNotification, sequence: number, expiresAt: Instant): Promise<void> {
    const { deviceId, blobName, blobUri, blobBytes, modifiedAt, enqueuedAt } = notification;
    await transaction
      .insertInto('hub_file_notification')
      .values({
        hub: this.#hub,
        sequence,
        device_id: deviceId,
        blob_name: blobName,
        blob_uri: blobUri,
        blob_bytes: blobBytes,
        modified_at: modifiedAt,
        enqueued_at: enqueuedAt,
        expires_at: expiresAt,
        delivery_count: 0,
        lock_token: null,
        locked_until: 0,
      })
      .execute();
  }

  /** The newest number of all that are stored. */
  async lastSequence(): Promise<number> {
    const last = await this.#database
      .selectFrom('hub_file_notification')
      .select(({ fn }) => fn.max('sequence').as('sequence'))
      .where('hub', '=', this.#hub)
      .executeTakeFirst();
    return Number(last?.sequence ?? 0);
  }

  /** Locks the oldest that nobody has, and gives it. */
  lock(lockToken: string, now: Instant, until: Instant): Promise<FileNotification | undefined> {
    return inTransaction(this.#database, async (transaction) => {
      const row = await transaction
        .selectFrom('hub_file_notification')
        .selectAll()
        .where('hub', '=', this.#hub)
        .where('locked_until', '<=', now)
        .where('expires_at', '>', now)
        .orderBy('sequence')
        .limit(1)
        .executeTakeFirst();
      if (!row) return undefined;
      await transaction
        .updateTable('hub_file_notification')
        .set({ lock_token: lockToken, locked_until: until })
        .where('hub', '=', this.#hub)
        .where('sequence', '=', row.sequence)
        .execute();
      return parseRow(row);
    });
  }

  /** Whether there was one under this token. */
  async delete(lockToken: string, now: Instant): Promise<boolean> {
    const result = await this.#database
      .deleteFrom('hub_file_notification')
      .where('hub', '=', this.#hub)
      .where('lock_token', '=', lockToken)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  /** Ends the lock; what was given back more than `countMax` times goes. Whether there was one under this token. */
  unlock(lockToken: string, now: Instant, countMax: number): Promise<boolean> {
    return inTransaction(this.#database, async (transaction) => {
      const held = await transaction
        .selectFrom('hub_file_notification')
        .select(['sequence', 'delivery_count'])
        .where('hub', '=', this.#hub)
        .where('lock_token', '=', lockToken)
        .where('locked_until', '>', now)
        .executeTakeFirst();
      if (!held) return false;
      const { sequence, delivery_count } = held;
      const isOver = delivery_count >= countMax;
      await (isOver
        ? transaction.deleteFrom('hub_file_notification').where('hub', '=', this.#hub).where('sequence', '=', sequence).execute()
        : transaction
            .updateTable('hub_file_notification')
            .set({ lock_token: null, locked_until: 0, delivery_count: delivery_count + 1 })
            .where('hub', '=', this.#hub)
            .where('sequence', '=', sequence)
            .execute());
      return true;
    });
  }

  /** Removes what nobody read in time, and the oldest above `max`. */
  async trim(now: Instant, max: number): Promise<void> {
    const ofHub = () => this.#database.deleteFrom('hub_file_notification').where('hub', '=', this.#hub);
    await ofHub().where('expires_at', '<=', now).execute();
    const above = await this.#database
      .selectFrom('hub_file_notification')
      .select('sequence')
      .where('hub', '=', this.#hub)
      .orderBy('sequence', 'desc')
      .offset(max)
      .limit(1)
      .executeTakeFirst();
    if (above) await ofHub().where('sequence', '<=', above.sequence).execute();
  }
}

function parseRow(row: HubFileNotificationRow): FileNotification {
  return {
    deviceId: row.device_id,
    blobName: row.blob_name,
    blobUri: row.blob_uri,
    blobBytes: row.blob_bytes,
    modifiedAt: instant(row.modified_at),
    enqueuedAt: instant(row.enqueued_at),
  };
}
