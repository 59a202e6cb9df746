import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '#test/support/databases.ts';
import { eventually } from '#test/support/eventually.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { TwinStore } from './twin-store.ts';

const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;

for (const { name, open } of testDatabases()) {
  test(`of twins that are written together each is told whether it was still what it was, in ${name}`, async (t) => {
    const { database, close } = await open();
    t.after(close);
    const { registry } = hubRooms(database);
    await registry.createMany(['a', 'b', 'c'].map((deviceId) => ({ deviceId, authentication })));
    const store = new TwinStore(database, 'home');
    const reported = await reporterOf(store);
    assert.deepEqual(await Promise.all([reported('c'), reported('b'), reported('a')]), [true, true, true]);
    assert.deepEqual(await Promise.all([reported('c'), reported('b'), reported('a')]), [false, false, false]);
    assert.deepEqual((await store.load('b'))?.reported, { by: 'b' });
  });

  if (name !== 'postgres') continue;
  test('twins that are written together while others of their rows are locked in a circle are written all the same', async (t) => {
    const { database, close } = await open();
    t.after(close);
    const { registry } = hubRooms(database);
    for (const deviceId of ['a', 'b', 'first']) await registry.create({ deviceId, authentication });
    const store = new TwinStore(database, 'home');
    const reported = await reporterOf(store);
    let written: Promise<boolean[]> | undefined;
    await database.transaction().execute(async (transaction) => {
      // The other, which waited first, finds the circle and is refused.
      await sql`set local deadlock_timeout = '20s'`.execute(transaction);
      const lock = (identity: string) =>
        sql`select 1 from hub_twin where hub = 'home' and identity = ${identity} for update`.execute(transaction);
      await lock('b');
      written = Promise.all([reported('first'), reported('b'), reported('a')]);
      written.catch(() => undefined);
      await eventually(async () => {
        const { rows } = await sql`select 1 from pg_locks where not granted`.execute(database);
        return rows.length > 0 || undefined;
      });
      await lock('a');
    });
    assert.deepEqual(await written, [true, true, true]);
  });
}

/** What writes a report in the place of what the twins are now. */
async function reporterOf(store: TwinStore) {
  const loaded = new Map<string, NonNullable<Awaited<ReturnType<TwinStore['load']>>>>();
  for (const identity of ['a', 'b', 'c', 'first']) {
    const twin = await store.load(identity);
    if (twin) loaded.set(identity, twin);
  }
  return (identity: string): Promise<boolean> => {
    const before = loaded.get(identity) ?? assert.fail();
    return store.replace({ ...before, version: before.version + 1, reported: { by: identity } }, before);
  };
}
