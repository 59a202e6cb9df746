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
      return {
        close: () => database.close(),
        prepare: (sql: string) => adapt(database, sql),
      };
    },
  });
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
      for (const row of statement.iterate(...(parameters as SQLInputValue[]))) yield { ...row };
    },
  };
}
