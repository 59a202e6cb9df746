import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA, thumbprintB } from '#test/support/hub-rooms.ts';
import { liveSession } from '#test/support/live-session.ts';
import type { DeviceAuthentication } from './device.ts';

for (const kind of testDatabases()) {
  describe(`devices that are kept out, on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    const authentication: DeviceAuthentication = { type: 'selfSigned', primaryThumbprint: thumbprintA };
    const why = 'Enrollment group line is disabled.';
    async function rooms(...deviceIds: string[]) {
      const opened = hubRooms(database, `hub-${++made}`);
      for (const deviceId of deviceIds) await opened.registry.create({ deviceId, authentication });
      const status = async (deviceId = 'a') => {
        const { isEnabled, statusReason, ownStatus } = await opened.registry.require(deviceId);
        return [isEnabled, statusReason, ownStatus];
      };
      return { ...opened, status };
    }

    test('lose their sessions, those of their modules too, and are told apart from the others', async () => {
      const { registry, presence, status } = await rooms('a', 'b', 'c');
      await registry.modules.create({ deviceId: 'a', moduleId: 'm', authentication: { type: 'none' } });
      const sessions = ['a', 'a/m', 'b', 'c'].map((identity) => liveSession(presence, identity));
      await registry.hold(['a', 'b', 'nobody'], why);
      assert.deepEqual(
        sessions.map(({ closed }) => closed),
        [['device-disabled'], ['device-disabled'], ['device-disabled'], []],
      );
      assert.deepEqual(await status('a'), [false, why, { isEnabled: true }]);
      assert.deepEqual(await status('c'), [true, undefined, undefined]);
      assert.deepEqual(await registry.listHeld('', 10), ['a', 'b']);
      assert.deepEqual(await registry.listHeld('a', 10), ['b']);
      assert.deepEqual(await registry.count(), { total: 3, enabled: 1 });
      assert.deepEqual(await registry.list().then((all) => all.map(({ isEnabled }) => isEnabled)), [false, false, true]);
    });

    test('are let go as they were, with a tag that changed each time', async () => {
      const { registry, status } = await rooms('a', 'b');
      await registry.update('b', { isEnabled: false, statusReason: 'stolen' });
      const before = await registry.require('a');
      await registry.hold(['a', 'b'], why);
      const held = await registry.require('a');
      assert.notEqual(held.etag, before.etag);
      await registry.hold(['a', 'b'], why);
      assert.equal((await registry.require('a')).etag, held.etag, 'the same again changes nothing');
      await registry.hold(['a', 'b'], 'another reason');
      assert.equal((await status())[1], 'another reason');
      await registry.hold(['a', 'b'], undefined);
      assert.deepEqual(await status('a'), [true, undefined, undefined]);
      assert.deepEqual(await status('b'), [false, 'stolen', undefined]);
    });

    test('what their owner says meanwhile counts when they are let go', async () => {
      const { registry, status } = await rooms('a', 'b');
      await registry.setEnabled('b', false);
      await registry.hold(['a', 'b'], why);
      await registry.update('a', { isEnabled: false, statusReason: 'stolen' });
      await registry.setEnabled('b', true);
      await registry.setAuthentication('a', { type: 'selfSigned', primaryThumbprint: thumbprintB });
      assert.deepEqual(await status('a'), [false, why, { isEnabled: false, statusReason: 'stolen' }]);
      assert.deepEqual(await status('b'), [false, why, { isEnabled: true }]);
      await registry.hold(['a', 'b'], undefined);
      assert.deepEqual(await status('a'), [false, 'stolen', undefined]);
      assert.deepEqual(await status('b'), [true, undefined, undefined]);
    });

    test('a client that reads one and writes it back has changed nothing', async () => {
      const { registry, status } = await rooms('a');
      await registry.hold(['a'], why);
      const { isEnabled, statusReason = '', etag } = await registry.require('a');
      await registry.update('a', { isEnabled, statusReason }, etag);
      await registry.hold(['a'], undefined);
      assert.deepEqual(await status(), [true, undefined, undefined]);
    });

    test('whoever read one before cannot write it over', async () => {
      const { registry } = await rooms('a');
      const { etag } = await registry.require('a');
      await registry.hold(['a'], why);
      await assert.rejects(registry.update('a', { statusReason: 'x' }, etag), { code: 'precondition-failed' });
      assert.deepEqual(await registry.listHeld('', 10), ['a']);
    });

    test('a registration lets one go, and leaves what its owner said', async () => {
      const { registry, status } = await rooms('a', 'b');
      await registry.setEnabled('b', false);
      await registry.hold(['a', 'b'], why);
      for (const deviceId of ['a', 'b']) await registry.provision({ deviceId, authentication });
      assert.deepEqual(await status('a'), [true, undefined, undefined]);
      assert.deepEqual(await status('b'), [false, undefined, undefined]);
    });
  });
}
