import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubFeedbackRow } from '#storage/schema/hub.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import type { FeedbackRecord, Outcome } from './feedback.ts';

/** Feedback of one hub in the database. */
export class FeedbackStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** The newest number of all that are stored. */
  async lastSequence(transaction: Transaction): Promise<number> {
    const last = await transaction
      .selectFrom('hub_feedback')
      .select(({ fn }) => fn.max('sequence').as('sequence'))
      .where('hub', '=', this.#hub)
      .executeTakeFirst();
    return Number(last?.sequence ?? 0);
  }

  async insert(transaction: Transaction, record: FeedbackRecord, sequence: number, expiresAt: Instant): Promise<void> {
    const { originalMessageId = null, identity, generationId, outcome, at } = record;
    await transaction
      .insertInto('hub_feedback')
      .values({
        hub: this.#hub,
        sequence,
        original_message_id: originalMessageId,
        device_id: identity.deviceId,
        module_id: identity.moduleId ?? null,
        generation_id: generationId,
        status: outcome,
        recorded_at: at,
        expires_at: expiresAt,
        delivery_count: 0,
        lock_token: null,
        locked_until: 0,
      })
      .execute();
  }

  /** Locks up to `max` of the oldest records that nobody has, and gives them. */
  lock(lockToken: string, now: Instant, until: Instant, max: number): Promise<FeedbackRecord[]> {
    return inTransaction(this.#database, async (transaction) => {
      const rows = await transaction
        .selectFrom('hub_feedback')
        .selectAll()
        .where('hub', '=', this.#hub)
        .where('locked_until', '<=', now)
        .where('expires_at', '>', now)
        .orderBy('sequence')
        .limit(max)
        .execute();
      if (rows.length === 0) return [];
      await transaction
        .updateTable('hub_feedback')
        .set({ lock_token: lockToken, locked_until: until })
        .where('hub', '=', this.#hub)
        .where(
          'sequence',
          'in',
          rows.map(({ sequence }) => sequence),
        )
        .execute();
      return rows.map(parseRow);
    });
  }

  /** Whether there was a batch under this token. */
  async delete(lockToken: string, now: Instant): Promise<boolean> {
    const result = await this.#database
      .deleteFrom('hub_feedback')
      .where('hub', '=', this.#hub)
      .where('lock_token', '=', lockToken)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  /** Ends the lock; what was given back more than `countMax` times goes. Whether there was a batch under this token. */
  unlock(lockToken: string, now: Instant, countMax: number): Promise<boolean> {
    return inTransaction(this.#database, async (transaction) => {
      const result = await transaction
        .updateTable('hub_feedback')
        .set(({ eb }) => ({ lock_token: null, locked_until: 0, delivery_count: eb('delivery_count', '+', 1) }))
        .where('hub', '=', this.#hub)
        .where('lock_token', '=', lockToken)
        .where('locked_until', '>', now)
        .executeTakeFirst();
      await transaction.deleteFrom('hub_feedback').where('hub', '=', this.#hub).where('delivery_count', '>', countMax).execute();
      return result.numUpdatedRows > 0n;
    });
  }

  /** Removes what nobody read in time, and the oldest above `max`. */
  async trim(transaction: Transaction, now: Instant, max: number): Promise<void> {
    await transaction.deleteFrom('hub_feedback').where('hub', '=', this.#hub).where('expires_at', '<=', now).execute();
    const above = await transaction
      .selectFrom('hub_feedback')
      .select('sequence')
      .where('hub', '=', this.#hub)
      .orderBy('sequence', 'desc')
      .offset(max)
      .limit(1)
      .executeTakeFirst();
    if (!above) return;
    await transaction.deleteFrom('hub_feedback').where('hub', '=', this.#hub).where('sequence', '<=', above.sequence).execute();
  }
}

function parseRow(row: HubFeedbackRow): FeedbackRecord {
  return {
    originalMessageId: row.original_message_id ?? undefined,
    identity: { deviceId: row.device_id, ...(row.module_id === null ? {} : { moduleId: row.module_id }) },
    generationId: row.generation_id,
    // Written by insert alone.
    outcome: row.status as Outcome,
    at: instant(row.recorded_at),
  };
}
