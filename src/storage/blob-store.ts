import { sha256Hex } from '#base/bytes.ts';
import { type Instant, instant } from '#base/instant.ts';
import type { Database } from './database.ts';
import type { BlobRow } from './schema/files.ts';
import { inTransaction, type Transaction } from './transaction.ts';

/** A blob as it is known: what it is called and which file holds it. */
export type Blob = {
  readonly container: string;
  readonly name: string;
  readonly bytes: number;
  readonly contentType: string | undefined;
  readonly modifiedAt: Instant;
  /** Of its content, which has another file each time it is written: this is its entity tag, too. */
  readonly file: string;
};

export type Block = { readonly blockId: string; readonly file: string; readonly bytes: number };
type Address = { readonly container: string; readonly name: string };

/** Which file holds what, in the database: what is not here is not stored. */
export class BlobStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async load(address: Address): Promise<Blob | undefined> {
    return loadBlob(this.#database, address);
  }

  /**
   * Puts `blob` in the place of what had its name, and forgets the blocks that wait for that name. `check` may refuse
   * by throwing, given what is there. Answers the files that nobody names any more.
   */
  replace(blob: Blob, check: (present: Blob | undefined) => void): Promise<{ file: string; bytes: number }[]> {
    const { container, name, bytes, contentType, modifiedAt, file } = blob;
    return inTransaction(this.#database, async (transaction) => {
      const present = await loadBlob(transaction, blob);
      check(present);
      const content = { file, bytes, content_type: contentType ?? null, modified_at: modifiedAt };
      await transaction
        .insertInto('blob')
        .values({ container, name_sha256: sha256Hex(name), name, ...content })
        .onConflict((conflict) => conflict.columns(['container', 'name_sha256']).doUpdateSet(content))
        .execute();
      const blocks = await takeBlocks(transaction, blob);
      return [...(present ? [present] : []), ...blocks].filter((old) => old.file !== file);
    });
  }

  /** Answers the block that had this id before. */
  stage(address: Address, block: Block, stagedAt: Instant): Promise<Block | undefined> {
    const { container, name } = address;
    const { blockId, file, bytes } = block;
    return inTransaction(this.#database, async (transaction) => {
      const key = { container, name_sha256: sha256Hex(name), block_id: blockId };
      const present = await transaction
        .selectFrom('blob_block')
        .selectAll()
        .where('container', '=', container)
        .where('name_sha256', '=', key.name_sha256)
        .where('block_id', '=', blockId)
        .executeTakeFirst();
      const content = { file, bytes, staged_at: stagedAt };
      await transaction
        .insertInto('blob_block')
        .values({ ...key, ...content })
        .onConflict((conflict) => conflict.columns(['container', 'name_sha256', 'block_id']).doUpdateSet(content))
        .execute();
      return present && { blockId, file: present.file, bytes: present.bytes };
    });
  }

  /** Forgets what waits for the name. Answers its files. */
  unstage(address: Address): Promise<Block[]> {
    return inTransaction(this.#database, (transaction) => takeBlocks(transaction, address));
  }

  listBlocks(address: Address): Promise<Block[]> {
    return listBlocks(this.#database, address);
  }

  /** What waits for the name besides `blockId`, which may come again. */
  async measureBlocks({ container, name }: Address, blockId: string): Promise<{ count: number; bytes: number }> {
    const found = await this.#database
      .selectFrom('blob_block')
      .select(({ fn }) => [fn.countAll().as('count'), fn.sum('bytes').as('bytes')])
      .where('container', '=', container)
      .where('name_sha256', '=', sha256Hex(name))
      .where('block_id', '!=', blockId)
      .executeTakeFirst();
    return { count: Number(found?.count ?? 0), bytes: Number(found?.bytes ?? 0) };
  }

  /** In the order of their characters’ numbers, from behind `after` on. */
  async list(
    container: string,
    page: { readonly prefix: string; readonly after: string; readonly max: number },
  ): Promise<Blob[]> {
    const { prefix, after, max } = page;
    const rows = await this.#database
      .selectFrom('blob')
      .selectAll()
      .where('container', '=', container)
      .where('name', '>', after)
      .where(({ eb, fn, val }) => eb(fn<string>('substr', ['name', val(1), val([...prefix].length)]), '=', prefix))
      .orderBy('name')
      .limit(max)
      .execute();
    return rows.map(parseRow);
  }

  /** Answers what it was. */
  delete(address: Address): Promise<Blob | undefined> {
    return inTransaction(this.#database, async (transaction) => {
      const present = await loadBlob(transaction, address);
      await transaction
        .deleteFrom('blob')
        .where('container', '=', address.container)
        .where('name_sha256', '=', sha256Hex(address.name))
        .execute();
      return present;
    });
  }

  /** Answers the files it held. */
  deleteContainer(container: string): Promise<{ file: string; bytes: number }[]> {
    return inTransaction(this.#database, async (transaction) => {
      const held: { file: string; bytes: number }[] = [];
      for (const table of ['blob', 'blob_block'] as const) {
        held.push(
          ...(await transaction.selectFrom(table).select(['file', 'bytes']).where('container', '=', container).execute()),
        );
        await transaction.deleteFrom(table).where('container', '=', container).execute();
      }
      return held;
    });
  }

  /** Forgets up to `max` blocks that were staged by then. Answers their files. */
  dropStaged(until: Instant, max: number): Promise<{ file: string; bytes: number }[]> {
    return inTransaction(this.#database, async (transaction) => {
      const rows = await transaction
        .selectFrom('blob_block')
        .select(['file', 'bytes'])
        .where('staged_at', '<=', until)
        .limit(max)
        .execute();
      const files = rows.map(({ file }) => file);
      if (files.length > 0) await transaction.deleteFrom('blob_block').where('file', 'in', files).execute();
      return rows;
    });
  }

  /** Those of `files` that a row names. */
  async known(files: readonly string[]): Promise<ReadonlySet<string>> {
    const found: string[] = [];
    for (const table of ['blob', 'blob_block'] as const) {
      const rows = await this.#database.selectFrom(table).select('file').where('file', 'in', files).execute();
      found.push(...rows.map(({ file }) => file));
    }
    return new Set(found);
  }

  async measure(): Promise<{ count: number; bytes: number }> {
    let [count, bytes] = [0, 0];
    for (const table of ['blob', 'blob_block'] as const) {
      const found = await this.#database
        .selectFrom(table)
        .select(({ fn }) => [fn.countAll().as('count'), fn.sum('bytes').as('bytes')])
        .executeTakeFirst();
      count += Number(found?.count ?? 0);
      bytes += Number(found?.bytes ?? 0);
    }
    return { count, bytes };
  }
}

async function loadBlob(database: Database | Transaction, { container, name }: Address): Promise<Blob | undefined> {
  const row = await database
    .selectFrom('blob')
    .selectAll()
    .where('container', '=', container)
    .where('name_sha256', '=', sha256Hex(name))
    .executeTakeFirst();
  return row && parseRow(row);
}

async function takeBlocks(transaction: Transaction, address: Address): Promise<Block[]> {
  const blocks = await listBlocks(transaction, address);
  await transaction
    .deleteFrom('blob_block')
    .where('container', '=', address.container)
    .where('name_sha256', '=', sha256Hex(address.name))
    .execute();
  return blocks;
}

async function listBlocks(database: Database | Transaction, { container, name }: Address): Promise<Block[]> {
  const rows = await database
    .selectFrom('blob_block')
    .select(['block_id', 'file', 'bytes'])
    .where('container', '=', container)
    .where('name_sha256', '=', sha256Hex(name))
    .execute();
  return rows.map(({ block_id, file, bytes }) => ({ blockId: block_id, file, bytes }));
}

function parseRow({ container, name, bytes, content_type, modified_at, file }: BlobRow): Blob {
  return { container, name, bytes, contentType: content_type ?? undefined, modifiedAt: instant(modified_at), file };
}
