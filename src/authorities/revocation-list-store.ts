import type { Database } from '#storage/database.ts';
import type { RevocationListRow, RevocationSourceRow } from '#storage/schema/trust.ts';

export type { RevocationListRow, RevocationSourceRow };

/** Revocation lists of all CAs of this server, and where they are fetched. */
export class RevocationListStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<RevocationListRow[]> {
    return this.#database.selectFrom('revocation_list').selectAll().orderBy('added_at').orderBy('list_key').execute();
  }

  /** Puts the list in the place of the one before it. */
  async put(row: RevocationListRow): Promise<void> {
    const { list_key, ...change } = row;
    await this.#database
      .insertInto('revocation_list')
      .values({ list_key, ...change })
      .onConflict((conflict) => conflict.column('list_key').doUpdateSet(change))
      .execute();
  }

  async delete(listKey: string): Promise<void> {
    await this.#database.deleteFrom('revocation_list').where('list_key', '=', listKey).execute();
  }

  /** DER of every CA that is verified at any hub or provisioning instance. */
  async listVerified(): Promise<Buffer[]> {
    const rows = await this.#database
      .selectFrom('authority_certificate')
      .select(['sha256', 'der'])
      .where('is_verified', '=', 1)
      .execute();
    return [...new Map(rows.map(({ sha256, der }) => [sha256, Buffer.from(der)])).values()];
  }

  async listSources(): Promise<RevocationSourceRow[]> {
    return this.#database.selectFrom('revocation_source').selectAll().orderBy('added_at').orderBy('ca_sha256').execute();
  }

  async putSource(row: RevocationSourceRow): Promise<void> {
    const { ca_sha256, ...change } = row;
    await this.#database
      .insertInto('revocation_source')
      .values({ ca_sha256, ...change })
      .onConflict((conflict) => conflict.column('ca_sha256').doUpdateSet(change))
      .execute();
  }

  /** What the last attempt came to, if the CA is followed there still. */
  async noteAttempt(source: Pick<RevocationSourceRow, 'ca_sha256' | 'url' | 'asked_at' | 'failure'>): Promise<void> {
    await this.#database
      .updateTable('revocation_source')
      .set({ asked_at: source.asked_at, failure: source.failure })
      .where('ca_sha256', '=', source.ca_sha256)
      .where('url', '=', source.url)
      .execute();
  }

  async deleteSource(caSha256: string): Promise<boolean> {
    const result = await this.#database.deleteFrom('revocation_source').where('ca_sha256', '=', caSha256).executeTakeFirst();
    return result.numDeletedRows > 0n;
  }
}
