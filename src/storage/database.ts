import { Kysely, PostgresAdapter, PostgresDialect } from 'kysely';
import pg from 'pg';
import { migrate } from './migrate.ts';
import { nodeSqliteDialect, SharedSqliteAdapter } from './node-sqlite.ts';
import { queryThreadDialect } from './query-thread.ts';
import type { Schema } from './schema.ts';
import type { SyncDisk } from './synced-file.ts';

export type Database = Kysely<Schema>;
export type DatabaseKind = 'sqlite' | 'postgres';

/** int8 arrives as text by default. Our columns of that type hold milliseconds and positions below 2^53. */
const int8Oid = 20;
pg.types.setTypeParser(int8Oid, Number);

/**
 * Opens `url` (`sqlite:<path>`, `sqlite::memory:` or `postgres://…`) and brings its schema up to date.
 * Throws when the database was made by a newer version or its migrations were changed afterwards.
 */
export async function openDatabase(url: string, disk?: SyncDisk): Promise<Database> {
  const kind = databaseKind(url);
  const database = new Kysely<Schema>({
    dialect: kind === 'sqlite' ? nodeSqliteDialect(url.slice('sqlite:'.length), disk) : postgresDialect(url, 10),
  });
  try {
    await migrate(database, kind);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

/**
 * A way to read what is in `database`, which `url` names, for questions that look at many rows: they wait for nobody's
 * changes, and nobody waits for them. Whoever has changed something and asks then sees the change.
 */
export function openForQueries(url: string, database: Database): { readonly database: Database; close(): Promise<void> } {
  // What lives in memory is seen by its own connection only.
  if (isInMemory(url)) return { database, close: async () => {} };
  const { adapter } = database.getExecutor();
  const dialect =
    adapter instanceof SharedSqliteAdapter
      ? queryThreadDialect(url.slice('sqlite:'.length), adapter.failure)
      : postgresDialect(url, queriesAtOnce);
  const reader = new Kysely<Schema>({ dialect });
  return { database: reader, close: () => reader.destroy() };
}

/** As many queries as a hub runs at once. */
const queriesAtOnce = 4;

function isInMemory(url: string): boolean {
  return url === 'sqlite::memory:';
}

/** Opens `url` without touching its schema, for workers beside the connection that migrated it. */
export function attachDatabase(url: string): Database {
  return new Kysely<Schema>({
    dialect: databaseKind(url) === 'sqlite' ? nodeSqliteDialect(url.slice('sqlite:'.length)) : postgresDialect(url, 2),
  });
}

function postgresDialect(url: string, connectionsMax: number): PostgresDialect {
  const pool = new pg.Pool({ connectionString: url, max: connectionsMax });
  // An idle connection that the server ends emits here. The pool replaces it, and whoever needs one
  // meanwhile gets the error; without a listener the process would end.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}

export function databaseKind(url: string): DatabaseKind {
  return url.startsWith('sqlite:') ? 'sqlite' : 'postgres';
}

/** Where the two differ in what a statement says. */
export function kindOf(database: Database): DatabaseKind {
  return database.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}
