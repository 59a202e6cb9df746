import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Dialect, SqliteDialect } from 'kysely';

/** How long a writer waits for another connection of this process (a worker) before it gives up. */
const busyTimeoutMs = 10_000;

/**
 * node:sqlite behind Kysely's SQLite dialect. `path` is a file, or `:memory:`.
 *
 * WAL with synchronous=FULL: a commit that returned is on disk, which is what every 2xx promises.
 */
export function nodeSqliteDialect(path: string): Dialect {
  return new SqliteDialect({
    database: async () => {
      const database = new DatabaseSync(path);
      database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;');
      database.exec(`PRAGMA busy_timeout=${busyTimeoutMs}; PRAGMA trusted_schema=OFF;`);
      const statements = new PreparedStatements(database);
      return {
        close: () => database.close(),
        prepare: (sql: string) => statements.prepare(sql),
      };
    },
  });
}

type Prepared = ReturnType<typeof adapt>;

/** Statements kept; the same few hundred texts make up almost all of the work. */
const statementsMax = 500;

/** Reading a statement's text costs more than running it: the last used are kept, each under its text. */
class PreparedStatements {
  readonly #database: DatabaseSync;
  readonly #kept = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): Prepared {
    const kept = this.#kept.get(sql);
    // Put in again as the newest, since a map keeps the order in which things came.
    this.#kept.delete(sql);
    const prepared = kept ?? adapt(this.#database, sql);
    this.#kept.set(sql, prepared);
    if (this.#kept.size > statementsMax) {
      const [oldest = ''] = this.#kept.keys();
      this.#kept.delete(oldest);
    }
    return prepared;
  }
}

function adapt(database: DatabaseSync, sql: string) {
  const statement = database.prepare(sql);
  return {
    // Kysely asks whether rows come back; a statement with columns returns them (also INSERT … RETURNING).
    reader: statement.columns().length > 0,
    // Rows have a null prototype, on which deep equality and spreading into records disagree: copy.
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])).map((row) => ({ ...row })),
    run: (parameters: readonly unknown[]) => {
      const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
      return { changes: BigInt(changes), lastInsertRowid: BigInt(lastInsertRowid) };
    },
    *iterate(parameters: readonly unknown[]) {
      // Of its own: the kept one may be run again between two rows.
      for (const row of database.prepare(sql).iterate(...(parameters as SQLInputValue[]))) yield { ...row };
    },
  };
}
