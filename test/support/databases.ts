import pg from 'pg';
import { type Database, openDatabase } from '#storage/database.ts';

export type TestDatabase = {
  readonly name: 'sqlite' | 'postgres';
  /** A new, empty, migrated database; `close` removes it again. */
  open(): Promise<{ database: Database; url: string; close(): Promise<void> }>;
};

const sqlite: TestDatabase = {
  name: 'sqlite',
  async open() {
    const database = await openDatabase('sqlite::memory:');
    return { database, url: 'sqlite::memory:', close: () => database.destroy() };
  },
};

/**
 * The databases a store test runs on: SQLite in memory, and PostgreSQL on the server that
 * HOMEPORT_TEST_POSTGRES names. `npm test` always sets it; a single file run by hand may leave it out.
 */
export function testDatabases(): TestDatabase[] {
  const server = process.env.HOMEPORT_TEST_POSTGRES;
  return server ? [sqlite, postgres(server)] : [sqlite];
}

let made = 0;

function postgres(server: string): TestDatabase {
  return {
    name: 'postgres',
    async open() {
      const name = `homeport_test_${process.pid}_${Date.now().toString(36)}_${made++}`;
      await administer(server, `create database ${name}`);
      const url = urlOf(server, name);
      const database = await openDatabase(url);
      return {
        database,
        url,
        async close() {
          await database.destroy();
          await administer(server, `drop database ${name} with (force)`);
        },
      };
    },
  };
}

function urlOf(server: string, name: string): string {
  const [address = '', query] = server.split('?');
  return `${address.replace(/\/[^/]*$/, '')}/${name}${query ? `?${query}` : ''}`;
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
