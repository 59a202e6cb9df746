import { type Instant, instant } from '#base/instant.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import type { HubTwinRow } from '#storage/schema/hub.ts';
import type { Transaction } from '#storage/transaction.ts';
import { identityName } from '../identity.ts';
import type { Twin } from './twin.ts';
import type { TwinMetadata } from './twin-metadata.ts';

/** A twin as it is kept: with the counter behind its etag. */
export type StoredTwin = Omit<Twin, 'etag'> & { readonly serviceRevision: number };

/** Twins of one hub in the database. */
export class TwinStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
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

  /** Adds `twin` within the transaction that creates its identity. */
  async insert(transaction: Transaction, twin: StoredTwin): Promise<void> {
    await transaction.insertInto('hub_twin').values(formatRow(this.#hub, twin)).execute();
  }

  /** Replaces the twin, if it still has `revision`; otherwise nothing happens and the answer is false. */
  async replace(twin: StoredTwin, revision: number): Promise<boolean> {
    const result = await this.#database
      .updateTable('hub_twin')
      .set(formatRow(this.#hub, twin))
      .where('hub', '=', this.#hub)
      .where('identity', '=', identityName(twin))
      .where('revision', '=', revision)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }
}

function formatRow(hub: string, twin: StoredTwin): HubTwinRow {
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

function parseDocument(text: string): JsonObject {
  const value = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('a stored twin section is no object');
  return value;
}

/** Metadata is as large as the document it describes, so it is kept as nested arrays: [ms, version, members]. */
type PackedMetadata = [
  lastUpdated: number | null,
  lastUpdatedVersion: number | null,
  members?: { [key: string]: PackedMetadata },
];

function packMetadata(metadata: TwinMetadata): PackedMetadata {
  const members = Object.entries(metadata.members).map(([key, member]) => [key, packMetadata(member)] as const);
  const head = [metadata.lastUpdated ?? null, metadata.lastUpdatedVersion ?? null] as const;
  return members.length === 0 ? [...head] : [...head, Object.fromEntries(members)];
}

function unpackMetadata([lastUpdated, lastUpdatedVersion, members]: PackedMetadata): TwinMetadata {
  const at: Instant | undefined = lastUpdated === null ? undefined : instant(lastUpdated);
  return {
    ...(at === undefined ? {} : { lastUpdated: at }),
    ...(lastUpdatedVersion === null ? {} : { lastUpdatedVersion }),
    members: Object.fromEntries(Object.entries(members ?? {}).map(([key, member]) => [key, unpackMetadata(member)])),
  };
}
