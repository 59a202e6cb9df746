import { type RawBuilder, sql } from 'kysely';
import { Batches } from '#storage/batches.ts';
import type { Database } from '#storage/database.ts';
import type { HubTwinRow } from '#storage/schema/hub.ts';
import { inTransaction, retrying, type Transaction } from '#storage/transaction.ts';
import { identityName } from '../identity.ts';
import { tagEntries } from './tag-index.ts';
import { TagStore } from './tag-store.ts';
import type { Twin } from './twin.ts';
import { packMetadata, parseDocument, unpackMetadata } from './twin-columns.ts';

/** A twin as it is kept: with the counter behind its etag. */
export type StoredTwin = Omit<Twin, 'etag'> & { readonly serviceRevision: number };

/** A twin, and what must still be in its place. */
type Replacement = { readonly twin: StoredTwin; readonly before: StoredTwin };

/** Twins in one statement, whose text differs with their number. */
const twinsAtOnce = 32;

/**
 * Twins of one hub in the database, and beside them the index of their tags. Devices report one by one, and all the time:
 * those that come while the database is at work are read and written together.
 */
export class TwinStore {
  readonly #database: Database;
  readonly #hub: string;
  readonly #tags: TagStore;
  readonly #loads: Batches<string, StoredTwin | undefined>;
  readonly #replacements: Batches<Replacement, boolean>;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
    this.#tags = new TagStore(hub);
    this.#loads = new Batches(twinsAtOnce, (identities) => this.#loadMany(identities));
    this.#replacements = new Batches(twinsAtOnce, (all) => this.#replaceMany(all));
  }

  load(identity: string): Promise<StoredTwin | undefined> {
    return this.#loads.ask(identity);
  }

  /** Adds twins within the transaction that creates their identities. */
  async insert(transaction: Transaction, twins: readonly StoredTwin[]): Promise<void> {
    if (twins.length === 0) return;
    const rows = twins.map((twin) => ({ ...formatRow(this.#hub, twin), is_indexed: 1 }));
    await transaction.insertInto('hub_twin').values(rows).execute();
    await this.#tags.insert(transaction, twins.map(indexed));
  }

  /** Puts `twin` in the place of `before`, if that is still what is stored; otherwise nothing happens and the answer is false. */
  async replace(twin: StoredTwin, before: StoredTwin, also?: (transaction: Transaction) => Promise<void>): Promise<boolean> {
    // With what somebody else may refuse, a twin is written alone.
    if (!also) return this.#replacements.ask({ twin, before });
    return inTransaction(this.#database, async (transaction) => {
      const [isReplaced = false] = await this.#replaceIn(transaction, [{ twin, before }]);
      if (isReplaced) await also(transaction);
      return isReplaced;
    });
  }

  /** What would have been written beside a change, when there is none. */
  alone(also: (transaction: Transaction) => Promise<void>): Promise<void> {
    return inTransaction(this.#database, also);
  }

  /** Gives the index up to `max` twins that it does not know yet, and says how many those were. */
  indexSome(max: number): Promise<number> {
    return inTransaction(this.#database, async (transaction) => {
      const rows = await transaction
        .selectFrom('hub_twin')
        .select(['identity', 'tags'])
        .where('hub', '=', this.#hub)
        .where('is_indexed', '=', 0)
        .limit(max)
        .execute();
      if (rows.length === 0) return 0;
      const identities = rows.map(({ identity }) => identity);
      await this.#tags.clear(transaction, identities);
      const entries = rows.map(({ identity, tags }) => ({ identity, entries: tagEntries(parseDocument(tags)) }));
      await this.#tags.insert(transaction, entries);
      await transaction
        .updateTable('hub_twin')
        .set({ is_indexed: 1 })
        .where('hub', '=', this.#hub)
        .where('identity', 'in', identities)
        .execute();
      return rows.length;
    });
  }

  async #loadMany(identities: readonly string[]): Promise<(StoredTwin | undefined)[]> {
    const rows = await this.#database
      .selectFrom('hub_twin')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', 'in', [...new Set(identities)])
      .execute();
    const found = new Map(rows.map((row) => [row.identity, row]));
    return identities.map((identity) => {
      const row = found.get(identity);
      return row && parseRow(row);
    });
  }

  #replaceMany(all: readonly Replacement[]): Promise<boolean[]> {
    // What a device reports, a hundred times as often as tags change, leaves the index alone: one statement needs no transaction.
    if (!all.some(isTagged)) return retrying(() => this.#updateMany(this.#database, all));
    return inTransaction(this.#database, (transaction) => this.#replaceIn(transaction, all));
  }

  async #replaceIn(transaction: Transaction, all: readonly Replacement[]): Promise<boolean[]> {
    const areReplaced = await this.#updateMany(transaction, all);
    for (const [at, { twin, before }] of all.entries()) {
      if (!areReplaced[at] || !isTagged({ twin, before })) continue;
      await this.#tags.replace(transaction, identityName(twin), tagEntries(before.tags), tagEntries(twin.tags));
    }
    return areReplaced;
  }

  /** Which of them were still what they were before. */
  async #updateMany(executor: Database | Transaction, all: readonly Replacement[]): Promise<boolean[]> {
    const rows = all.map(({ twin, before }) => ({
      ...changedColumns(twin),
      identity: identityName(twin),
      before: before.version,
    }));
    const [first] = rows;
    if (!first) return [];
    const names = Object.keys(first);
    // In one order for everybody: two batches that want the same rows wait for each other, and not in a circle.
    const ordered = rows.toSorted((a, b) => (a.identity < b.identity ? -1 : 1));
    const values = ordered.map((row) => sql`(${sql.join(Object.values(row))})`);
    const set = names
      .filter((name) => name !== 'identity' && name !== 'before')
      .map((name) => sql`${sql.ref(name)} = ${given(name)}`);
    const { rows: written } = await sql<{ identity: string }>`
      with given(${sql.join(names.map((name) => sql.ref(name)))}) as (values ${sql.join(values)})
      update hub_twin set ${sql.join(set)} from given
      where hub_twin.hub = ${this.#hub} and hub_twin.identity = ${given('identity')} and hub_twin.revision = ${given('before')}
      returning hub_twin.identity`.execute(executor);
    const replaced = new Set(written.map(({ identity }) => identity));
    return rows.map(({ identity }) => replaced.has(identity));
  }
}

/** A column of the rows that a statement is given: PostgreSQL takes all that is in them for text. */
function given(name: string): RawBuilder<unknown> {
  const column = sql.ref(`given.${name}`);
  return numbers.has(name) ? sql`cast(${column} as bigint)` : column;
}

const numbers: ReadonlySet<string> = new Set(['before', 'revision', 'service_revision', 'desired_version', 'reported_version']);

function isTagged({ twin, before }: Replacement): boolean {
  return twin.tags !== before.tags;
}

function indexed(twin: StoredTwin) {
  return { identity: identityName(twin), entries: tagEntries(twin.tags) };
}

function formatRow(hub: string, twin: StoredTwin): Omit<HubTwinRow, 'is_indexed'> {
  return {
    hub,
    identity: identityName(twin),
    device_id: twin.deviceId,
    module_id: twin.moduleId ?? null,
    ...changedColumns(twin),
  };
}

/** What of a twin changes. */
function changedColumns(twin: StoredTwin) {
  return {
    revision: twin.version,
    service_revision: twin.serviceRevision,
    model_id: twin.modelId,
    tags: JSON.stringify(twin.tags),
    desired: JSON.stringify(twin.desired),
    desired_version: twin.desiredVersion,
    desired_metadata: JSON.stringify(packMetadata(twin.desiredMetadata)),
    reported: JSON.stringify(twin.reported),
    reported_version: twin.reportedVersion,
    reported_metadata: JSON.stringify(packMetadata(twin.reportedMetadata)),
  };
}

function parseRow(row: HubTwinRow): StoredTwin {
  return {
    deviceId: row.device_id,
    ...(row.module_id === null ? {} : { moduleId: row.module_id }),
    version: row.revision,
    serviceRevision: row.service_revision,
    modelId: row.model_id,
    tags: parseDocument(row.tags),
    desired: parseDocument(row.desired),
    desiredVersion: row.desired_version,
    desiredMetadata: unpackMetadata(JSON.parse(row.desired_metadata)),
    reported: parseDocument(row.reported),
    reportedVersion: row.reported_version,
    reportedMetadata: unpackMetadata(JSON.parse(row.reported_metadata)),
  };
}
