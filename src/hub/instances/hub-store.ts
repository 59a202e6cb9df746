import type { Instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { Schema } from '#storage/schema.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';

/** Every table whose rows belong to one hub. A test finds a new one that is missing here. */
export const hubTables = [
  'broker_received',
  'broker_message',
  'broker_session',
  'broker_retained',
  'hub_consumer_group',
  'hub_fallback',
  'hub_route',
  'hub_destination',
  'hub_enrichment',
  'hub_dead_letter',
  'hub_job_target',
  'hub_job',
  'hub_configuration_target',
  'hub_configuration',
  'hub_transfer_failure',
  'hub_transfer',
  'hub_session',
  'hub_message',
  'hub_feedback',
  'hub_file_upload',
  'hub_file_notification',
  'hub_twin_tag',
  'hub_twin',
  'hub_module',
  'hub_presence',
  'hub_credential',
  'hub_issuer_pin',
  'hub_device',
] as const satisfies (keyof Schema)[];

/** The hubs that were added. */
export class HubStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Names, oldest first. */
  async list(): Promise<string[]> {
    const rows = await this.#database.selectFrom('hub_instance').select('name').orderBy('created_at').orderBy('name').execute();
    return rows.map(({ name }) => name);
  }

  /** False when there is a hub of this name. */
  async insert(name: string, createdAt: Instant): Promise<boolean> {
    const result = await this.#database
      .insertInto('hub_instance')
      .values({ name, created_at: createdAt })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /** The hub with all it has: identities and what hangs on them, CA certificates, access policies. */
  async delete(name: string): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      for (const table of hubTables) await empty(transaction, table, name);
      await transaction.deleteFrom('authority_certificate').where('owner', '=', `hub:${name}`).execute();
      // The pattern's own characters are in no hub's name.
      await transaction.deleteFrom('secret').where('name', 'like', `access-policy:hub:${name}/%`).execute();
      await transaction.deleteFrom('hub_instance').where('name', '=', name).execute();
    });
  }
}

async function empty(transaction: Transaction, table: (typeof hubTables)[number], hub: string): Promise<void> {
  await transaction.deleteFrom(table).where('hub', '=', hub).execute();
}
