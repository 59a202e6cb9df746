import type { Database } from '#storage/database.ts';
import type { HubTwinRow } from '#storage/schema/hub.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import { identityName } from '../identity.ts';
import { tagEntries } from './tag-index.ts';
import { TagStore } from './tag-store.ts';
import type { Twin } from './twin.ts';
import { packMetadata, parseDocument, unpackMetadata } from './twin-columns.ts';

/** A twin as it is kept: with the counter behind its etag. */
export type StoredTwin = Omit<Twin, 'etag'> & { readonly serviceRevision: number };

/** Twins of one hub in the database, and beside them the index of their tags. */
export class TwinStore {
  readonly #database: Database;
  readonly #hub: string;
  readonly #tags: TagStore;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
    this.#tags = new TagStore(hub);
  }

  async load(identity: string): Promise<StoredTwin | undefined> {
    const row = await this.#database
      .selectFrom('hub_twin')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .executeTakeFirst();
    return row && parseRow(row);
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
    // What a device reports, a hundred times as often as tags change, leaves the index alone.
    const isTagged = twin.tags !== before.tags;
    if (!isTagged && !also) return this.#update(this.#database, twin, before.version);
    return inTransaction(this.#database, async (transaction) => {
      if (!(await this.#update(transaction, twin, before.version))) return false;
      await also?.(transaction);
      if (!isTagged) return true;
      await this.#tags.replace(transaction, identityName(twin), tagEntries(before.tags), tagEntries(twin.tags));
      return true;
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

  async #update(executor: Database | Transaction, twin: StoredTwin, revision: number): Promise<boolean> {
    const result = await executor
      .updateTable('hub_twin')
      .set(formatRow(this.#hub, twin))
      .where('hub', '=', this.#hub)
      .where('identity', '=', identityName(twin))
      .where('revision', '=', revision)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }
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
