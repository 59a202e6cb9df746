import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { instant } from '#base/instant.ts';
import { openDatabase } from '#storage/database.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms } from '#test/support/hub-rooms.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { openHubPolicies } from './hub-policies.ts';
import { HubStore, hubTables } from './hub-store.ts';

for (const { name: kind, open } of testDatabases()) {
  describe(`hubs in ${kind}`, () => {
    test('are listed in the order in which they were added, and a name is taken once', async (t) => {
      const { database, close } = await open();
      t.after(close);
      const store = new HubStore(database);
      assert.deepEqual(await store.list(), []);
      assert.equal(await store.insert('plant-2', instant(2)), true);
      assert.equal(await store.insert('attic', instant(1)), true);
      assert.equal(await store.insert('plant-2', instant(3)), false);
      assert.deepEqual(await store.list(), ['attic', 'plant-2']);
    });

    test('a deleted one takes its devices and its keys with it, and nothing of a neighbour', async (t) => {
      const { database, close } = await open();
      t.after(close);
      const store = new HubStore(database);
      const platform = testPlatform();
      const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
      const keys = async (hub: string) => (await openHubPolicies(platform, secrets, hub)).find('iothubowner')?.primaryKey;
      const [doomed, neighbour] = [hubRooms(database, 'plant'), hubRooms(database, 'plant-2')];
      for (const [hub, rooms] of [
        ['plant', doomed],
        ['plant-2', neighbour],
      ] as const) {
        await store.insert(hub, instant(1));
        await rooms.registry.create({ deviceId: 'dev1', authentication: { type: 'sas' } });
      }
      const [before, kept] = [await keys('plant'), await keys('plant-2')];
      await store.delete('plant');
      assert.deepEqual(await store.list(), ['plant-2']);
      assert.equal(await doomed.registry.load('dev1'), undefined);
      assert.ok(await neighbour.registry.load('dev1'));
      assert.notEqual(await keys('plant'), before, 'a hub that gets the name later has other keys');
      assert.equal(await keys('plant-2'), kept);
    });
  });
}

test('no table that tells hubs apart is forgotten when one is deleted', async (t) => {
  const database = await openDatabase('sqlite::memory:');
  t.after(() => database.destroy());
  const { rows } = await sql<{ name: string }>`
    select m.name as name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name = 'hub'
  `.execute(database);
  // Who changed what is told of a hub that is gone, too.
  assert.deepEqual(rows.map(({ name }) => name).sort(), ['audit_entry', ...hubTables].sort());
});
