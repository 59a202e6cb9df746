import type { Database } from '#storage/database.ts';
import type { AuthorityCertificateRow } from '#storage/schema/trust.ts';

export type { AuthorityCertificateRow };

/** The uploaded CA certificates of one owner. Every change is conditional on the etag that was read. */
export class CaCertificateStore {
  readonly #database: Database;
  readonly #owner: string;

  constructor(database: Database, owner: string) {
    this.#database = database;
    this.#owner = owner;
  }

  /** Oldest first. */
  async list(): Promise<AuthorityCertificateRow[]> {
    return this.#database
      .selectFrom('authority_certificate')
      .selectAll()
      .where('owner', '=', this.#owner)
      .orderBy('created_at')
      .orderBy('certificate_id')
      .execute();
  }

  async load(certificateId: string): Promise<AuthorityCertificateRow | undefined> {
    return this.#database
      .selectFrom('authority_certificate')
      .selectAll()
      .where('owner', '=', this.#owner)
      .where('certificate_id', '=', certificateId)
      .executeTakeFirst();
  }

  /** False when the owner has a certificate of this id, or this certificate under another id. */
  async insert(row: Omit<AuthorityCertificateRow, 'owner'>): Promise<boolean> {
    const result = await this.#database
      .insertInto('authority_certificate')
      .values({ ...row, owner: this.#owner })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  }

  /** False when the certificate is gone or has changed since its etag was `etag`. */
  async update(
    certificateId: string,
    etag: string,
    change: Partial<Omit<AuthorityCertificateRow, 'owner' | 'certificate_id'>>,
  ): Promise<boolean> {
    const result = await this.#database
      .updateTable('authority_certificate')
      .set(change)
      .where('owner', '=', this.#owner)
      .where('certificate_id', '=', certificateId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async delete(certificateId: string, etag: string): Promise<boolean> {
    const result = await this.#database
      .deleteFrom('authority_certificate')
      .where('owner', '=', this.#owner)
      .where('certificate_id', '=', certificateId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  /** Whether another certificate of the owner than `certificateId` has these bytes. */
  async isPresent(sha256: string, certificateId: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('authority_certificate')
      .select('certificate_id')
      .where('owner', '=', this.#owner)
      .where('sha256', '=', sha256)
      .where('certificate_id', '<>', certificateId)
      .executeTakeFirst();
    return row !== undefined;
  }
}
