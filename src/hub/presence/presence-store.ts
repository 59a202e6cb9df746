import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubPresenceRow } from '#storage/schema/hub.ts';
import { inTransaction } from '#storage/transaction.ts';
import type { DisconnectCause, PresenceState } from './presence.ts';

/** Connection states of one hub's devices and modules in the database, by their names (identity.ts). */
export class PresenceStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async load(identity: string): Promise<PresenceState | undefined> {
    const row = await this.#database
      .selectFrom('hub_presence')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '=', identity)
      .executeTakeFirst();
    return row && parseRow(row);
  }

  /** By name; those that were never connected are missing. */
  async loadMany(identities: readonly string[]): Promise<Map<string, PresenceState>> {
    if (identities.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('hub_presence')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', 'in', identities)
      .execute();
    return new Map(rows.map((row) => [row.device_id, parseRow(row)]));
  }

  /** Those that were connected when the last process wrote. */
  async listConnected(): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('hub_presence')
      .select('device_id')
      .where('hub', '=', this.#hub)
      .where('is_connected', '=', 1)
      .execute();
    return rows.map((row) => row.device_id);
  }

  /** The largest sequence number of any; 0 before the first. */
  async lastSequence(): Promise<number> {
    const row = await this.#database
      .selectFrom('hub_presence')
      .select(({ fn }) => fn.max('sequence').as('last'))
      .where('hub', '=', this.#hub)
      .executeTakeFirst();
    return Number(row?.last ?? 0);
  }

  /** Writes many states in one transaction; `undefined` removes what is known of one. */
  async saveAll(states: ReadonlyMap<string, PresenceState | undefined>): Promise<void> {
    const removed = [...states.keys()].filter((identity) => states.get(identity) === undefined);
    const rows = [...states].flatMap(([identity, state]) => (state ? [formatRow(this.#hub, identity, state)] : []));
    await inTransaction(this.#database, async (transaction) => {
      for (const identities of chunks(removed)) {
        await transaction.deleteFrom('hub_presence').where('hub', '=', this.#hub).where('device_id', 'in', identities).execute();
      }
      for (const some of chunks(rows)) {
        await transaction
          .insertInto('hub_presence')
          .values(some)
          .onConflict((conflict) =>
            conflict.columns(['hub', 'device_id']).doUpdateSet(({ ref }) => ({
              is_connected: ref('excluded.is_connected'),
              sequence: ref('excluded.sequence'),
              changed_at: ref('excluded.changed_at'),
              cause: ref('excluded.cause'),
            })),
          )
          .execute();
      }
    });
  }
}

/** A fleet that connects at once is written in few statements. */
const rowsMax = 64;

function* chunks<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += rowsMax) yield all.slice(at, at + rowsMax);
}

function formatRow(hub: string, identity: string, state: PresenceState): HubPresenceRow {
  return {
    hub,
    device_id: identity,
    is_connected: state.isConnected ? 1 : 0,
    sequence: state.sequence,
    changed_at: state.since,
    cause: state.cause ?? null,
  };
}

function parseRow(row: HubPresenceRow): PresenceState {
  return {
    isConnected: row.is_connected === 1,
    sequence: row.sequence,
    since: instant(row.changed_at),
    // Written by formatRow alone.
    ...(row.cause === null ? {} : { cause: row.cause as DisconnectCause }),
  };
}
