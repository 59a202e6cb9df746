import type { Transaction } from '#storage/transaction.ts';

/** Rows written in one statement. */
const rowsMax = 200;

/** The index of tags in the database: rows of `hub_twin_tag`, which queries read. */
export class TagStore {
  readonly #hub: string;

  constructor(hub: string) {
    this.#hub = hub;
  }

  /** Of twins that have none yet. */
  async insert(
    transaction: Transaction,
    twins: readonly { identity: string; entries: ReadonlyMap<string, Buffer> }[],
  ): Promise<void> {
    const rows = twins.flatMap(({ identity, entries }) =>
      [...entries].map(([path, value]) => ({ hub: this.#hub, identity, path, value })),
    );
    for (let at = 0; at < rows.length; at += rowsMax) {
      await transaction
        .insertInto('hub_twin_tag')
        .values(rows.slice(at, at + rowsMax))
        .execute();
    }
  }

  /** From what was there to what shall be: a tag that stays costs nothing. */
  async replace(
    transaction: Transaction,
    identity: string,
    before: ReadonlyMap<string, Buffer>,
    after: ReadonlyMap<string, Buffer>,
  ): Promise<void> {
    const gone = [...before].filter(([path, value]) => !isSame(after.get(path), value)).map(([path]) => path);
    for (let at = 0; at < gone.length; at += rowsMax) {
      await transaction
        .deleteFrom('hub_twin_tag')
        .where('hub', '=', this.#hub)
        .where('identity', '=', identity)
        .where('path', 'in', gone.slice(at, at + rowsMax))
        .execute();
    }
    const entries = new Map([...after].filter(([path, value]) => !isSame(before.get(path), value)));
    await this.insert(transaction, [{ identity, entries }]);
  }

  /** Whatever they were. */
  async clear(transaction: Transaction, identities: readonly string[]): Promise<void> {
    await transaction.deleteFrom('hub_twin_tag').where('hub', '=', this.#hub).where('identity', 'in', identities).execute();
  }
}

function isSame(one: Buffer | undefined, other: Buffer): boolean {
  return one?.equals(other) === true;
}
