import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { StoredSessions } from './stored-sessions.ts';

for (const kind of testDatabases()) {
  describe(`stored sessions on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function setUp() {
      const hub = `hub-${++made}`;
      const { registry } = hubRooms(database, hub);
      const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;
      for (const deviceId of ['a', 'b']) await registry.create({ deviceId, authentication });
      return { registry, sessions: new StoredSessions(database, hub) };
    }

    test('what was saved is found again, per device and with its QoS', async () => {
      const { sessions } = await setUp();
      assert.equal((await sessions.begin('a', false)).isPresent, false);
      await sessions.save('a', new Map([['x/#', 1] as const, ['y/#', 0] as const]));
      const found = await sessions.begin('a', false);
      assert.equal(found.isPresent, true);
      assert.deepEqual(
        [...found.subscriptions],
        [
          ['x/#', 1],
          ['y/#', 0],
        ],
      );
      assert.equal((await sessions.begin('b', false)).isPresent, false);
    });

    test('a clean begin discards, and a late save of the old session does not bring it back', async () => {
      const { sessions } = await setUp();
      await sessions.begin('a', false);
      await sessions.save('a', new Map([['x/#', 1] as const]));
      assert.deepEqual(await sessions.begin('a', true), { isPresent: false, subscriptions: new Map() });
      await sessions.save('a', new Map([['late/#', 1] as const]));
      assert.deepEqual(await sessions.begin('a', false), { isPresent: false, subscriptions: new Map() });
    });

    test('a save that was asked for first is seen by the begin behind it', async () => {
      const { sessions } = await setUp();
      await sessions.begin('a', false);
      const saved = sessions.save('a', new Map([['x/#', 1] as const]));
      const found = await sessions.begin('a', false);
      await saved;
      assert.deepEqual([...found.subscriptions], [['x/#', 1]]);
    });

    test('it goes with its device', async () => {
      const { registry, sessions } = await setUp();
      await sessions.begin('a', false);
      await registry.delete('a');
      await registry.create({ deviceId: 'a', authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA } });
      assert.equal((await sessions.begin('a', false)).isPresent, false);
    });
  });
}
