import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Kysely, sql } from 'kysely';
import { instant } from '#base/instant.ts';
import { eventually } from '#test/support/eventually.ts';
import { openDatabase, openForQueries } from './database.ts';
import { nodeSqliteDialect } from './node-sqlite.ts';
import { queryThreadDialect } from './query-thread.ts';
import type { SyncDisk } from './synced-file.ts';

type Schema = { thing: { id: number; text: string } };

/** A disk whose syncs end when they are let go, or fail. */
function heldDisk() {
  const held: { resolve(): void; reject(error: Error): void }[] = [];
  const disk: SyncDisk = {
    syncDirectory: async () => {},
    open: async () => ({
      sync: () => new Promise<void>((resolve, reject) => held.push({ resolve, reject })),
      close: async () => {},
    }),
  };
  return { disk, held, next: () => eventually(() => held.shift()) };
}

async function openTemporary(t: TestContext, disk?: SyncDisk) {
  const folder = mkdtempSync(join(tmpdir(), 'homeport-sqlite-'));
  const path = join(folder, 'test.db');
  const database = new Kysely<Schema>({ dialect: nodeSqliteDialect(path, disk) });
  t.after(async () => {
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  });
  return { database, path };
}

/** Whether a promise has come to its end, once everything else had a turn. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  promise.then(done, done);
  await new Promise(setImmediate);
  return isDone;
}

test('a change is done when the disk has it; others read and change meanwhile, and share the next sync', async (t) => {
  const { disk, held, next } = heldDisk();
  const { database } = await openTemporary(t, disk);
  const made = sql`create table thing (id integer primary key, text text not null)`.execute(database);
  (await next()).resolve();
  await made;

  const insert = (id: number) => database.insertInto('thing').values({ id, text: 'x' }).execute();
  const first = insert(1);
  const release = await next();
  const second = insert(2);
  const third = database.transaction().execute(async (transaction) => {
    await transaction.insertInto('thing').values({ id: 3, text: 'x' }).execute();
    await transaction.updateTable('thing').set({ text: 'y' }).where('id', '=', 1).execute();
  });
  const rows = await eventually(async () => {
    const seen = await database.selectFrom('thing').selectAll().orderBy('id').execute();
    return seen.length === 3 ? seen : undefined;
  });
  assert.deepEqual(
    rows.map(({ text }) => text),
    ['y', 'x', 'x'],
  );
  assert.deepEqual([await isSettled(first), await isSettled(second), await isSettled(third)], [false, false, false]);
  assert.equal(await isSettled(made), true, 'one that has ended is seen to have');

  release.resolve();
  await first;
  const shared = await next();
  assert.deepEqual([await isSettled(second), await isSettled(third)], [false, false]);
  shared.resolve();
  await Promise.all([second, third]);
  assert.equal(held.length, 0, 'both came to disk with one sync');
});

test('what is read or undone waits for no disk', async (t) => {
  const { disk, held, next } = heldDisk();
  const { database } = await openTemporary(t, disk);
  const made = sql`create table thing (id integer primary key, text text not null)`.execute(database);
  (await next()).resolve();
  await made;
  await database.selectFrom('thing').selectAll().execute();
  const undone = database.transaction().execute(async (transaction) => {
    await transaction.insertInto('thing').values({ id: 1, text: 'x' }).execute();
    throw new Error('changed my mind');
  });
  await assert.rejects(undone, /changed my mind/);
  assert.deepEqual(await database.selectFrom('thing').selectAll().execute(), []);
  assert.equal(held.length, 0);
});

test('a sync that failed fails those who waited for it, and all who come after: nobody knows what the disk has', async (t) => {
  const { disk, next } = heldDisk();
  const { database } = await openTemporary(t, disk);
  const made = sql`create table thing (id integer primary key, text text not null)`.execute(database);
  const failing = await next();
  const noRow = database.transaction().execute((transaction) => sql`select * from thing`.execute(transaction));
  assert.deepEqual((await noRow).rows, [], 'what is committed is seen while the disk is at work');
  const shared = database.transaction().execute(async (transaction) => {
    await transaction.insertInto('thing').values({ id: 1, text: 'x' }).execute();
  });
  const lost = [made, shared].map((each) => assert.rejects(each, /could not be brought to disk/));
  failing.reject(new Error('EIO'));
  await Promise.all(lost);
  await assert.rejects(database.selectFrom('thing').selectAll().execute(), /could not be brought to disk/);
  await assert.rejects(database.insertInto('thing').values({ id: 2, text: 'x' }).execute(), /could not be brought to disk/);
});

test('once a sync has failed, queries in their thread read nothing any more either', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homeport-sqlite-'));
  let isWell = true;
  const sync = async () => {
    if (!isWell) throw new Error('EIO');
  };
  const disk: SyncDisk = { syncDirectory: async () => {}, open: async () => ({ sync, close: async () => {} }) };
  const url = `sqlite:${join(folder, 'test.db')}`;
  const database = await openDatabase(url, disk);
  const reader = openForQueries(url, database);
  t.after(async () => {
    await reader.close();
    await database.destroy();
    rmSync(folder, { recursive: true, force: true });
  });
  const hubs = () => reader.database.selectFrom('hub_instance').select('name').execute();
  assert.deepEqual(await hubs(), []);
  isWell = false;
  const insert = database
    .insertInto('hub_instance')
    .values({ name: 'plant', created_at: instant(1) })
    .execute();
  await assert.rejects(insert, /could not be brought to disk/);
  await assert.rejects(hubs(), /could not be brought to disk/);
});

test('a transaction that has read can write, whatever another connection does meanwhile', async (t) => {
  const { database, path } = await openTemporary(t);
  await sql`create table thing (id integer primary key, text text not null)`.execute(database);
  const other = new Kysely<Schema>({ dialect: nodeSqliteDialect(path) });
  t.after(() => other.destroy());
  // It would wait for the first, which waits for it here.
  await sql`pragma busy_timeout = 0`.execute(other);
  await database.transaction().execute(async (transaction) => {
    await transaction.selectFrom('thing').selectAll().execute();
    await assert.rejects(other.insertInto('thing').values({ id: 1, text: 'other' }).execute(), /locked/);
    await transaction.insertInto('thing').values({ id: 1, text: 'first' }).execute();
  });
  await other.insertInto('thing').values({ id: 2, text: 'other' }).execute();
  assert.equal((await database.selectFrom('thing').selectAll().execute()).length, 2);
});

test('a thread that reads sees each change once it is done, and makes none', async (t) => {
  const { database, path } = await openTemporary(t);
  await sql`create table thing (id integer primary key, text text not null)`.execute(database);
  const reader = new Kysely<Schema>({ dialect: queryThreadDialect(path, () => undefined) });
  t.after(() => reader.destroy());
  for (let id = 1; id <= 20; id++) {
    await database
      .insertInto('thing')
      .values({ id, text: `${id}` })
      .execute();
    const [last] = await reader.selectFrom('thing').selectAll().orderBy('id', 'desc').limit(1).execute();
    assert.deepEqual(last, { id, text: `${id}` });
  }
  await assert.rejects(reader.insertInto('thing').values({ id: 21, text: 'x' }).execute(), /readonly/);
  await assert.rejects(sql`select 1 from nowhere`.execute(reader), /nowhere/);
});
