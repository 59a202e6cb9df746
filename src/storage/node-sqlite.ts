import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Dialect, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { SqliteDriver } from './sqlite-driver.ts';
import { type SyncDisk, SyncedFile } from './synced-file.ts';

/** How long a writer waits for another connection of this process (a worker) before it gives up. */
const busyTimeoutMs = 10_000;

/** An open database, whose statements run at once. */
export type SqliteFile = {
  prepare(sql: string): Prepared;
  /** Why nothing is read or written any more; undefined while all is well. */
  failure(): Error | undefined;
  /** Resolves when what was committed is on disk. */
  durable(): Promise<void>;
  close(): Promise<void>;
};

export type Prepared = ReturnType<typeof adapt>;

/** node:sqlite behind Kysely's SQLite dialect. `path` is a file, or `:memory:`. */
export function nodeSqliteDialect(path: string, disk?: SyncDisk): Dialect {
  let file: SqliteFile | undefined;
  const open = () => {
    file = openSqlite(path, disk);
    return file;
  };
  return {
    createAdapter: () => new SharedSqliteAdapter(() => file?.failure()),
    createDriver: () => new SqliteDriver(open),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The driver keeps users of its connection apart by itself: Kysely would do so until the disk has what they wrote. */
export class SharedSqliteAdapter extends SqliteAdapter {
  readonly failure: SqliteFile['failure'];

  constructor(failure: SqliteFile['failure']) {
    super();
    this.failure = failure;
  }

  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/**
 * A commit that was waited for is on disk, which is what every 2xx promises. With synchronous=FULL SQLite would sync its
 * write-ahead log within each commit, and this thread would stand still for it; with NORMAL it leaves that to us, and
 * syncs itself around checkpoints, where order matters.
 */
function openSqlite(path: string, disk?: SyncDisk): SqliteFile {
  const database = new DatabaseSync(path);
  const isWal = database.prepare('PRAGMA journal_mode=WAL').get()?.journal_mode === 'wal';
  database.exec(`PRAGMA synchronous=${isWal ? 'NORMAL' : 'FULL'}; PRAGMA foreign_keys=ON;`);
  database.exec(`PRAGMA busy_timeout=${busyTimeoutMs}; PRAGMA trusted_schema=OFF;`);
  const statements = new PreparedStatements(database);
  // In memory there is nothing to wait for, and without a write-ahead log (some file systems have no shared memory) the commit waited.
  const log = isWal ? new SyncedFile(`${path}-wal`, disk) : undefined;
  return {
    prepare(sql) {
      if (log?.failure) throw log.failure;
      return statements.prepare(sql);
    },
    failure: () => log?.failure,
    durable: async () => log?.durable(),
    async close() {
      await log?.close();
      database.close();
    },
  };
}

/** Opens a database that another connection made, for reading alone. */
export function openSqliteToRead(path: string): { prepare(sql: string): Prepared; close(): void } {
  const database = new DatabaseSync(path, { readOnly: true });
  database.exec(`PRAGMA busy_timeout=${busyTimeoutMs}; PRAGMA trusted_schema=OFF;`);
  const statements = new PreparedStatements(database);
  return { prepare: (sql) => statements.prepare(sql), close: () => database.close() };
}

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

/** What cannot write, by how it begins; whatever else is taken for a change. */
const readPattern = /^\s*(select|explain|pragma|begin|commit|rollback)\b/i;

function adapt(database: DatabaseSync, sql: string) {
  const statement = database.prepare(sql);
  return {
    isRead: readPattern.test(sql),
    /** A statement with columns gives rows, also INSERT … RETURNING. */
    hasRows: statement.columns().length > 0,
    // Rows have a null prototype, on which deep equality and spreading into records disagree: copy.
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])).map((row) => ({ ...row })),
    run: (parameters: readonly unknown[]) => {
      const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
      return { changes: BigInt(changes), lastInsertRowid: BigInt(lastInsertRowid) };
    },
  };
}
