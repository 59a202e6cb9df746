import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubMessageRow } from '#storage/schema/hub.ts';
import type { Transaction } from '#storage/transaction.ts';
import type { Acknowledgement } from '#wire/azure/message-properties.ts';
import type { QueuedMessage } from './message.ts';
import { parseQueueName, queueOf } from './queue-name.ts';

/** The messages that wait at one hub. A lock in a row is that of somebody who fetched the message; of 0 there is none. */
export class MessageStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async insert(transaction: Transaction, message: QueuedMessage): Promise<void> {
    await transaction.insertInto('hub_message').values(formatRow(this.#hub, message)).execute();
  }

  /** How many wait, locked ones included, and the newest number of all that are stored. */
  async measure(transaction: Transaction, identity: string, now: Instant): Promise<{ pending: number; lastSequence: number }> {
    const rows = await transaction
      .selectFrom('hub_message')
      .select(['sequence', 'expires_at', 'locked_until'])
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .execute();
    return {
      pending: rows.filter((row) => row.expires_at > now || row.locked_until > now).length,
      lastSequence: rows.reduce((last, { sequence }) => Math.max(last, sequence), 0),
    };
  }

  /** Of at most a page of identities; those without messages are missing. */
  async countMany(identities: readonly string[], now: Instant): Promise<Map<string, number>> {
    if (identities.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('hub_message')
      .select(({ fn }) => ['identity', fn.countAll().as('count')])
      .where('hub', '=', this.#hub)
      .where('identity', 'in', [...identities])
      .where(({ eb, or }) => or([eb('expires_at', '>', now), eb('locked_until', '>', now)]))
      .groupBy('identity')
      .execute();
    return new Map(rows.map(({ identity, count }) => [identity, Number(count)]));
  }

  /** The oldest that may be delivered now, without those that the caller has locked itself. */
  async listDeliverable(identity: string, now: Instant, locked: readonly number[], max: number): Promise<QueuedMessage[]> {
    const query = this.#database
      .selectFrom('hub_message')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .where('expires_at', '>', now)
      .where('locked_until', '<=', now)
      .orderBy('sequence')
      .limit(max);
    const rows = await (locked.length === 0 ? query : query.where('sequence', 'not in', [...locked])).execute();
    return rows.map(parseRow);
  }

  /** When the first lock of somebody who fetched a message is over. */
  async nextUnlock(identity: string, now: Instant): Promise<Instant | undefined> {
    const row = await this.#database
      .selectFrom('hub_message')
      .select(({ fn }) => fn.min('locked_until').as('until'))
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    return row?.until == null ? undefined : instant(Number(row.until));
  }

  async lock(identity: string, sequence: number, lockToken: string, until: Instant): Promise<void> {
    await this.#row(identity, sequence).set({ lock_token: lockToken, locked_until: until }).execute();
  }

  /** Back among those that may be delivered, `deliveryCount` times abandoned. */
  async unlock(identity: string, sequence: number, deliveryCount: number): Promise<void> {
    await this.#row(identity, sequence).set({ lock_token: null, locked_until: 0, delivery_count: deliveryCount }).execute();
  }

  async findLocked(identity: string, lockToken: string, now: Instant): Promise<QueuedMessage | undefined> {
    const row = await this.#database
      .selectFrom('hub_message')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .where('lock_token', '=', lockToken)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    return row && parseRow(row);
  }

  list(identity: string): Promise<QueuedMessage[]> {
    return this.#database
      .selectFrom('hub_message')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .orderBy('sequence')
      .execute()
      .then((rows) => rows.map(parseRow));
  }

  /** Whose time is over and whom nobody has fetched, oldest first. */
  async listExpired(now: Instant, max: number): Promise<QueuedMessage[]> {
    const rows = await this.#database
      .selectFrom('hub_message')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('expires_at', '<=', now)
      .where('locked_until', '<=', now)
      .orderBy('expires_at')
      .limit(max)
      .execute();
    return rows.map(parseRow);
  }

  /** When the next one expires. */
  async nextExpiry(now: Instant): Promise<Instant | undefined> {
    const due = async (column: 'expires_at' | 'locked_until') => {
      const query = this.#database
        .selectFrom('hub_message')
        .select(({ fn }) => fn.min(column).as('due'))
        .where('hub', '=', this.#hub)
        .where(column, '>', now);
      // A lock puts off the end of a message whose time is over, and of no other.
      const row = await (column === 'expires_at' ? query : query.where('expires_at', '<=', now)).executeTakeFirst();
      return row?.due == null ? Number.POSITIVE_INFINITY : Number(row.due);
    };
    const next = Math.min(await due('expires_at'), await due('locked_until'));
    return Number.isFinite(next) ? instant(next) : undefined;
  }

  /** Whether it was still there. */
  async delete(transaction: Transaction, identity: string, sequence: number): Promise<boolean> {
    const result = await transaction
      .deleteFrom('hub_message')
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .where('sequence', '=', sequence)
      .executeTakeFirst();
    return result.numDeletedRows === 1n;
  }

  #row(identity: string, sequence: number) {
    return this.#database
      .updateTable('hub_message')
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .where('sequence', '=', sequence);
  }
}

/** As AMQP calls it (hub-device-protocol.md 5.6). */
const inputName = 'x-opt-input-name';

function formatRow(hub: string, message: QueuedMessage): HubMessageRow {
  const { input } = message;
  return {
    hub,
    identity: queueOf(message),
    sequence: message.sequence,
    device_id: message.identity.deviceId,
    module_id: message.identity.moduleId ?? null,
    generation_id: message.generationId,
    message_id: message.messageId ?? null,
    correlation_id: message.correlationId ?? null,
    user_id: message.userId ?? null,
    content_type: message.contentType ?? null,
    content_encoding: message.contentEncoding ?? null,
    acknowledgement: message.acknowledgement ?? null,
    // Of a message to an input, which its queue tells, the input comes first.
    application: JSON.stringify(input === undefined ? message.application : [[inputName, input], ...message.application]),
    body: message.body,
    enqueued_at: message.enqueuedAt,
    expires_at: message.expiresAt,
    is_expiry_asked: message.isExpiryAsked ? 1 : 0,
    delivery_count: message.deliveryCount,
    lock_token: null,
    locked_until: 0,
  };
}

function parseRow(row: HubMessageRow): QueuedMessage {
  const { identity, isOfInputs } = parseQueueName(row.identity);
  // Written by formatRow alone.
  const pairs = JSON.parse(row.application) as [string, string][];
  const input = isOfInputs ? pairs.shift()?.[1] : undefined;
  return {
    identity,
    ...(input === undefined ? {} : { input }),
    sequence: row.sequence,
    generationId: row.generation_id,
    messageId: row.message_id ?? undefined,
    correlationId: row.correlation_id ?? undefined,
    userId: row.user_id ?? undefined,
    contentType: row.content_type ?? undefined,
    contentEncoding: row.content_encoding ?? undefined,
    // Written by formatRow alone.
    acknowledgement: (row.acknowledgement ?? undefined) as Acknowledgement | undefined,
    application: pairs,
    body: Buffer.from(row.body),
    enqueuedAt: instant(row.enqueued_at),
    expiresAt: instant(row.expires_at),
    isExpiryAsked: row.is_expiry_asked === 1,
    deliveryCount: row.delivery_count,
  };
}
