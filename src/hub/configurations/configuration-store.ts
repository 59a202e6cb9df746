import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubConfigurationRow } from '#storage/schema/configurations.ts';
import { type Configuration, configurationKinds } from './configuration.ts';
import { formatConfigurationContent, parseConfigurationContent } from './configuration-content.ts';

/** Configurations of one hub in the database. There are few, so they are read all at once. */
export class ConfigurationStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async list(): Promise<{ configuration: Configuration; isSwept: boolean }[]> {
    const rows = await this.#database.selectFrom('hub_configuration').selectAll().where('hub', '=', this.#hub).execute();
    return rows.map((row) => ({ configuration: parseRow(row), isSwept: row.is_swept === 1 }));
  }

  /** False when there is one of this id. */
  async insert(configuration: Configuration): Promise<boolean> {
    const result = await this.#database
      .insertInto('hub_configuration')
      .values({ ...formatRow(configuration), hub: this.#hub, is_swept: 0 })
      .onConflict((conflict) => conflict.columns(['hub', 'configuration_id']).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /** Puts it in the place of the one that has `etag`; false when that is not there any more. */
  async replace(configuration: Configuration, etag: string): Promise<boolean> {
    const result = await this.#database
      .updateTable('hub_configuration')
      .set({ ...formatRow(configuration), is_swept: 0 })
      .where('hub', '=', this.#hub)
      .where('configuration_id', '=', configuration.id)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Its targets stay until they were looked at again. */
  async delete(id: string): Promise<boolean> {
    const result = await this.#database
      .deleteFrom('hub_configuration')
      .where('hub', '=', this.#hub)
      .where('configuration_id', '=', id)
      .executeTakeFirst();
    return result.numDeletedRows === 1n;
  }

  /** Every device was looked at, and this is what was counted; unless it was changed meanwhile. */
  async setSwept(
    { id, etag }: Configuration,
    counted: { metrics: Readonly<Record<string, number>>; system: Readonly<Record<string, number>> },
  ): Promise<void> {
    await this.#database
      .updateTable('hub_configuration')
      .set({
        is_swept: 1,
        metric_results: JSON.stringify(counted.metrics),
        system_results: JSON.stringify(counted.system),
      })
      .where('hub', '=', this.#hub)
      .where('configuration_id', '=', id)
      .where('etag', '=', etag)
      .execute();
  }
}

function formatRow(configuration: Configuration): Omit<HubConfigurationRow, 'hub' | 'is_swept'> {
  return {
    configuration_id: configuration.id,
    kind: configuration.content.kind,
    content: JSON.stringify(formatConfigurationContent(configuration.content)),
    target_condition: configuration.targetCondition,
    priority: configuration.priority,
    labels: configuration.labels === undefined ? null : JSON.stringify(configuration.labels),
    metric_queries: JSON.stringify(configuration.metricQueries),
    metric_results: JSON.stringify(configuration.metricResults),
    system_results: JSON.stringify(configuration.systemResults),
    etag: configuration.etag,
    created_at: configuration.createdAt,
    updated_at: configuration.updatedAt,
  };
}

function parseRow(row: HubConfigurationRow): Configuration {
  if (!configurationKinds.some((kind) => kind === row.kind)) throw new Error(`a configuration of the kind ${row.kind}`);
  return {
    id: row.configuration_id,
    content: parseConfigurationContent(JSON.parse(row.content)),
    targetCondition: row.target_condition,
    priority: row.priority,
    labels: row.labels === null ? undefined : JSON.parse(row.labels),
    metricQueries: JSON.parse(row.metric_queries),
    metricResults: JSON.parse(row.metric_results),
    systemResults: JSON.parse(row.system_results),
    etag: row.etag,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}
