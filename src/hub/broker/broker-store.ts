import { sha256Hex } from '#base/bytes.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import type { Qos } from '#wire/mqtt/packet.ts';
import type { BrokerMessage } from './broker-message.ts';

/** One change of what the broker keeps. A later one of the same thing replaces an earlier one. */
export type JournalEntry =
  | { kind: 'session'; clientId: string; generationId: string; subscriptions: readonly (readonly [string, Qos])[] }
  | { kind: 'session-gone'; clientId: string }
  | { kind: 'message'; clientId: string; sequence: number; message: BrokerMessage; isRetained: boolean }
  | { kind: 'message-released'; clientId: string; sequence: number }
  | { kind: 'message-gone'; clientId: string; sequence: number }
  | { kind: 'received'; clientId: string; packetId: number }
  | { kind: 'received-gone'; clientId: string; packetId: number }
  | { kind: 'retained'; message: BrokerMessage }
  | { kind: 'retained-gone'; topic: string };

export type KeptSession = {
  readonly clientId: string;
  readonly generationId: string;
  readonly subscriptions: readonly (readonly [string, Qos])[];
  readonly messages: readonly {
    readonly sequence: number;
    readonly message: BrokerMessage;
    readonly isRetained: boolean;
    readonly isReleased: boolean;
  }[];
  readonly received: readonly number[];
};

/** Rows in one statement: both databases bound how many values it may have. */
const rowsMax = 500;

/** Stored sessions and retained messages of one hub's broker in the database. */
export class BrokerStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async load(): Promise<{ sessions: KeptSession[]; retained: BrokerMessage[] }> {
    const database = this.#database;
    const hub = this.#hub;
    const sessionRows = await database.selectFrom('broker_session').selectAll().where('hub', '=', hub).execute();
    const messageRows = await database
      .selectFrom('broker_message')
      .selectAll()
      .where('hub', '=', hub)
      .orderBy('client_id')
      .orderBy('sequence')
      .execute();
    const receivedRows = await database.selectFrom('broker_received').selectAll().where('hub', '=', hub).execute();
    const retainedRows = await database.selectFrom('broker_retained').selectAll().where('hub', '=', hub).execute();
    const messages = Map.groupBy(messageRows, (row) => row.client_id);
    const received = Map.groupBy(receivedRows, (row) => row.client_id);
    const sessions = sessionRows.map((row) => ({
      clientId: row.client_id,
      generationId: row.generation_id,
      // Written by apply alone.
      subscriptions: JSON.parse(row.subscriptions) as [string, Qos][],
      messages: (messages.get(row.client_id) ?? []).map((message) => ({
        sequence: message.sequence,
        message: messageOf(message),
        isRetained: message.is_retained === 1,
        isReleased: message.is_released === 1,
      })),
      received: (received.get(row.client_id) ?? []).map(({ packet_id }) => packet_id),
    }));
    return { sessions, retained: retainedRows.map(messageOf) };
  }

  /** All of it, or none. Entries are of different things, so their order does not matter; applying them twice does no harm. */
  async apply(entries: readonly JournalEntry[]): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      for (const [kind, all] of Map.groupBy(entries, ({ kind }) => kind)) {
        for (let at = 0; at < all.length; at += rowsMax) await this.#applyOf(transaction, kind, all.slice(at, at + rowsMax));
      }
    });
  }

  async #applyOf(transaction: Transaction, kind: JournalEntry['kind'], entries: readonly JournalEntry[]): Promise<void> {
    const of = <K extends JournalEntry['kind']>(wanted: K) =>
      entries.filter((entry): entry is Extract<JournalEntry, { kind: K }> => entry.kind === wanted);
    const hub = this.#hub;
    switch (kind) {
      case 'session':
        await transaction
          .insertInto('broker_session')
          .values(
            of(kind).map(({ clientId, generationId, subscriptions }) => ({
              hub,
              client_id: clientId,
              generation_id: generationId,
              subscriptions: JSON.stringify(subscriptions),
            })),
          )
          .onConflict((conflict) =>
            conflict.columns(['hub', 'client_id']).doUpdateSet(({ ref }) => ({
              generation_id: ref('excluded.generation_id'),
              subscriptions: ref('excluded.subscriptions'),
            })),
          )
          .execute();
        return;
      case 'session-gone':
        await transaction
          .deleteFrom('broker_session')
          .where('hub', '=', hub)
          .where(
            'client_id',
            'in',
            of(kind).map(({ clientId }) => clientId),
          )
          .execute();
        return;
      case 'message':
        await transaction
          .insertInto('broker_message')
          .values(
            of(kind).map(({ clientId, sequence, message, isRetained }) => ({
              hub,
              client_id: clientId,
              sequence,
              topic: message.topic,
              payload: message.payload,
              qos: message.qos,
              is_retained: isRetained ? 1 : 0,
              is_released: 0,
            })),
          )
          .onConflict((conflict) =>
            // A session that was begun anew counts from the start again.
            conflict.columns(['hub', 'client_id', 'sequence']).doUpdateSet(({ ref }) => ({
              topic: ref('excluded.topic'),
              payload: ref('excluded.payload'),
              qos: ref('excluded.qos'),
              is_retained: ref('excluded.is_retained'),
              is_released: ref('excluded.is_released'),
            })),
          )
          .execute();
        return;
      case 'message-released':
        for (const [clientId, sequences] of perClient(of(kind))) {
          await transaction
            .updateTable('broker_message')
            .set({ is_released: 1, payload: Buffer.alloc(0) })
            .where('hub', '=', hub)
            .where('client_id', '=', clientId)
            .where('sequence', 'in', sequences)
            .execute();
        }
        return;
      case 'message-gone':
        for (const [clientId, sequences] of perClient(of(kind))) {
          await transaction
            .deleteFrom('broker_message')
            .where('hub', '=', hub)
            .where('client_id', '=', clientId)
            .where('sequence', 'in', sequences)
            .execute();
        }
        return;
      case 'received':
        await transaction
          .insertInto('broker_received')
          .values(of(kind).map(({ clientId, packetId }) => ({ hub, client_id: clientId, packet_id: packetId })))
          .onConflict((conflict) => conflict.columns(['hub', 'client_id', 'packet_id']).doNothing())
          .execute();
        return;
      case 'received-gone':
        for (const { clientId, packetId } of of(kind)) {
          await transaction
            .deleteFrom('broker_received')
            .where('hub', '=', hub)
            .where('client_id', '=', clientId)
            .where('packet_id', '=', packetId)
            .execute();
        }
        return;
      case 'retained':
        await transaction
          .insertInto('broker_retained')
          .values(
            of(kind).map(({ message: { topic, payload, qos } }) => ({ hub, topic_key: sha256Hex(topic), topic, payload, qos })),
          )
          .onConflict((conflict) =>
            conflict.columns(['hub', 'topic_key']).doUpdateSet(({ ref }) => ({
              payload: ref('excluded.payload'),
              qos: ref('excluded.qos'),
            })),
          )
          .execute();
        return;
      case 'retained-gone':
        await transaction
          .deleteFrom('broker_retained')
          .where('hub', '=', hub)
          .where(
            'topic_key',
            'in',
            of(kind).map(({ topic }) => sha256Hex(topic)),
          )
          .execute();
    }
  }
}

function perClient(entries: readonly { clientId: string; sequence: number }[]): [string, number[]][] {
  return [...Map.groupBy(entries, ({ clientId }) => clientId)].map(([clientId, own]) => [
    clientId,
    own.map(({ sequence }) => sequence),
  ]);
}

function messageOf(row: { topic: string; payload: Uint8Array; qos: number }): BrokerMessage {
  return { topic: row.topic, payload: Buffer.from(row.payload), qos: row.qos as Qos };
}
