import type { Instant } from '#base/instant.ts';
import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';

export type Upload = {
  readonly correlationId: string;
  readonly deviceId: string;
  readonly blobName: string;
  readonly expiresAt: Instant;
};

/** Uploads of one hub's devices that have begun and not ended. */
export class UploadStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** False where the device has `openMax` of them that are not over. What was over at `forgetAt` is forgotten. */
  insert(upload: Upload, at: { readonly now: Instant; readonly forgetAt: Instant; readonly openMax: number }): Promise<boolean> {
    const { correlationId, deviceId, blobName, expiresAt } = upload;
    return inTransaction(this.#database, async (transaction) => {
      await transaction
        .deleteFrom('hub_file_upload')
        .where('hub', '=', this.#hub)
        .where('expires_at', '<=', at.forgetAt)
        .execute();
      const open = await transaction
        .selectFrom('hub_file_upload')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('hub', '=', this.#hub)
        .where('device_id', '=', deviceId)
        .where('expires_at', '>', at.now)
        .executeTakeFirst();
      if (Number(open?.count ?? 0) >= at.openMax) return false;
      const row = { hub: this.#hub, correlation_id: correlationId, device_id: deviceId, blob_name: blobName };
      await transaction
        .insertInto('hub_file_upload')
        .values({ ...row, created_at: at.now, expires_at: expiresAt })
        .execute();
      return true;
    });
  }

  async load(deviceId: string, correlationId: string): Promise<Upload | undefined> {
    const row = await this.#database
      .selectFrom('hub_file_upload')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('correlation_id', '=', correlationId)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return row && { correlationId, deviceId, blobName: row.blob_name, expiresAt: instant(row.expires_at) };
  }

  /** Ends it, with what `more` writes; false, and nothing is written, when somebody else has ended it. */
  end(correlationId: string, more: (transaction: Transaction) => Promise<void>): Promise<boolean> {
    return inTransaction(this.#database, async (transaction) => {
      const result = await transaction
        .deleteFrom('hub_file_upload')
        .where('hub', '=', this.#hub)
        .where('correlation_id', '=', correlationId)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return false;
      await more(transaction);
      return true;
    });
  }
}
