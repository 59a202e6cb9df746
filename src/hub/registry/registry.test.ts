import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { asProblem, type Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA, thumbprintB } from '#test/support/hub-rooms.ts';
import { liveSession } from '#test/support/live-session.ts';
import type { DeviceAuthentication } from './device.ts';

for (const kind of testDatabases()) {
  describe(`the registry on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    const rooms = () => ({ ...hubRooms(database, `hub-${++made}`), deviceId: 'MyDev' });
    const authentication: DeviceAuthentication = { type: 'selfSigned', primaryThumbprint: thumbprintA };

    test('a device is created enabled, with a decimal generation, a twin and a life-cycle event', async () => {
      const { registry, twins, log, deviceId } = rooms();
      const device = await registry.create({ deviceId, authentication, initialTwin: { desired: { a: 1 } } });
      assert.equal(device.isEnabled, true);
      assert.match(device.generationId, /^\d+$/);
      assert.deepEqual(await registry.require(deviceId), device);
      assert.deepEqual((await twins.load(deviceId)).desired, { a: 1 });
      assert.deepEqual(log.operations('deviceLifecycleEvents'), ['createDeviceIdentity']);
      assert.equal(log.events[0]?.properties.deviceId, deviceId);
    });

    test('a second device of the same id is refused, of another letter case it is another device', async () => {
      const { registry, log, deviceId } = rooms();
      await registry.create({ deviceId, authentication });
      await assert.rejects(registry.create({ deviceId, authentication }), { code: 'already-exists' });
      await registry.create({ deviceId: deviceId.toLowerCase(), authentication });
      assert.equal(log.operations('deviceLifecycleEvents').length, 2);
    });

    test('ids that are spelled almost alike stand around one, of this hub alone', async () => {
      const [{ registry }, other] = [rooms(), rooms()];
      for (const deviceId of ['pump-1', 'Pump-2', 'PUMP-10', 'valve']) await registry.create({ deviceId, authentication });
      await other.registry.create({ deviceId: 'pump-3', authentication });
      assert.deepEqual((await registry.neighbours('PUMP-2')).sort(), ['PUMP-10', 'Pump-2', 'pump-1', 'valve']);
      assert.deepEqual(await other.registry.neighbours('zebra'), ['pump-3']);
    });

    test('a thumbprint that was replaced is remembered, until the device is deleted', async () => {
      const { registry, deviceId } = rooms();
      await registry.create({ deviceId, authentication });
      assert.deepEqual(await registry.pastThumbprints(deviceId), []);
      await registry.setAuthentication(deviceId, { type: 'selfSigned', primaryThumbprint: thumbprintB });
      const [past, ...more] = await registry.pastThumbprints(deviceId);
      assert.equal(past?.thumbprint, thumbprintA);
      assert.deepEqual(more, []);
      await registry.setEnabled(deviceId, false);
      assert.equal((await registry.pastThumbprints(deviceId)).length, 1);
      await registry.delete(deviceId);
      await registry.create({ deviceId, authentication });
      assert.deepEqual(await registry.pastThumbprints(deviceId), []);
    });

    test('two hubs in one database do not see each other', async () => {
      const [one, other] = [rooms(), rooms()];
      await one.registry.create({ deviceId: one.deviceId, authentication });
      assert.equal(await other.registry.load(one.deviceId), undefined);
      assert.deepEqual(await other.registry.list(), []);
      await assert.rejects(other.registry.delete(one.deviceId), { code: 'device-not-found' });
    });

    test('a twin that is refused leaves no device behind', async () => {
      const { registry, log, deviceId } = rooms();
      await assert.rejects(registry.create({ deviceId, authentication, initialTwin: { desired: { 'a.b': 1 } } }), {
        code: 'twin-invalid',
      });
      assert.equal(await registry.load(deviceId), undefined);
      assert.deepEqual(log.events, []);
    });

    test('a text with a NUL is kept, or its sender is told that it cannot be', async () => {
      const { registry, deviceId } = rooms();
      const created = await registry.create({ deviceId, authentication, statusReason: 'a\0b' }).catch(asProblem);
      if (kind.name === 'sqlite') assert.deepEqual(await registry.require(deviceId), created);
      else assert.deepEqual([(created as Problem).code, await registry.load(deviceId)], ['argument-invalid', undefined]);
    });

    test('an update changes what it names, ends the session only where it must, and says since when', async () => {
      const { registry, presence, clock, deviceId } = rooms();
      const created = await registry.create({ deviceId, authentication, statusReason: 'new' });
      assert.equal(created.statusUpdatedAt, undefined);
      const session = liveSession(presence, deviceId);
      assert.equal((await registry.update(deviceId, { isEnabled: true, authentication })).etag, created.etag);
      const reworded = await registry.update(deviceId, { statusReason: '' });
      assert.equal(reworded.statusReason, undefined);
      assert.notEqual(reworded.etag, created.etag);
      assert.deepEqual(session.closed, []);
      clock.advance(1_000);
      const disabled = await registry.update(deviceId, { isEnabled: false, statusReason: 'stolen' }, `"${reworded.etag}"`);
      assert.deepEqual(session.closed, ['device-disabled']);
      assert.deepEqual([disabled.isEnabled, disabled.statusReason, disabled.statusUpdatedAt], [false, 'stolen', clock.now()]);
      assert.deepEqual(await registry.require(deviceId), disabled);
      const { statusUpdatedAt } = await registry.update(deviceId, { statusReason: 'found' });
      assert.equal(statusUpdatedAt, disabled.statusUpdatedAt);
    });

    test('an update or deletion with another tag changes nothing; one of nobody finds nobody, whatever its tag', async () => {
      const { registry, deviceId } = rooms();
      const created = await registry.create({ deviceId, authentication });
      for (const stale of ['"old"', 'old', '']) {
        await assert.rejects(registry.update(deviceId, { isEnabled: false }, stale), { code: 'precondition-failed' });
        await assert.rejects(registry.delete(deviceId, stale), { code: 'precondition-failed' });
        await assert.rejects(registry.update('nobody', {}, stale), { code: 'device-not-found' });
        await assert.rejects(registry.delete('nobody', stale), { code: 'device-not-found' });
      }
      assert.deepEqual(await registry.require(deviceId), created);
      await registry.delete(deviceId, '*');
      assert.equal(await registry.load(deviceId), undefined);
    });

    test('devices are counted per hub, with those that are enabled', async () => {
      const [{ registry }, other] = [rooms(), rooms()];
      assert.deepEqual(await registry.count(), { total: 0, enabled: 0 });
      await other.registry.create({ deviceId: 'x', authentication });
      for (const deviceId of ['a', 'b', 'c']) await registry.create({ deviceId, authentication, isEnabled: deviceId !== 'b' });
      assert.deepEqual(await registry.count(), { total: 3, enabled: 2 });
    });

    for (const bad of ['', 'a/b', 'a b', 'x'.repeat(129), 'ä', 'a\n']) {
      test(`a device cannot be called ${JSON.stringify(bad.slice(0, 20))}`, async () => {
        const { registry } = rooms();
        await assert.rejects(registry.create({ deviceId: bad, authentication }), { code: 'argument-invalid' });
        await assert.rejects(registry.provision({ deviceId: bad, authentication }), { code: 'argument-invalid' });
      });
    }

    const thumbprints: [given: DeviceAuthentication, kept: DeviceAuthentication][] = [
      [
        { type: 'selfSigned', primaryThumbprint: 'aa:'.repeat(19).concat('aa') },
        { type: 'selfSigned', primaryThumbprint: 'A'.repeat(40) },
      ],
      [
        { type: 'selfSigned', primaryThumbprint: '', secondaryThumbprint: `${'bb '.repeat(32)}` },
        { type: 'selfSigned', secondaryThumbprint: 'B'.repeat(64) },
      ],
      [
        { type: 'selfSigned', primaryThumbprint: '0'.repeat(40), secondaryThumbprint: 'b'.repeat(64) },
        { type: 'selfSigned', secondaryThumbprint: 'B'.repeat(64) },
      ],
      [{ type: 'certificateAuthority' }, { type: 'certificateAuthority' }],
    ];
    for (const [given, kept] of thumbprints) {
      test(`${JSON.stringify(given).slice(0, 60)}… is kept without separators, in upper case, zeros left out`, async () => {
        const { registry, deviceId } = rooms();
        await registry.create({ deviceId, authentication: given });
        assert.deepEqual((await registry.require(deviceId)).authentication, kept);
      });
    }

    const badThumbprints: DeviceAuthentication[] = [
      { type: 'selfSigned' },
      { type: 'selfSigned', primaryThumbprint: '', secondaryThumbprint: '0'.repeat(64) },
      { type: 'selfSigned', primaryThumbprint: 'A'.repeat(41) },
      { type: 'selfSigned', primaryThumbprint: 'G'.repeat(40) },
      { type: 'selfSigned', primaryThumbprint: thumbprintA, secondaryThumbprint: 'short' },
    ];
    for (const bad of badThumbprints) {
      test(`${JSON.stringify(bad).slice(0, 80)} is refused`, async () => {
        const { registry, deviceId } = rooms();
        await assert.rejects(registry.create({ deviceId, authentication: bad }), { code: 'argument-invalid' });
        await registry.create({ deviceId, authentication });
        await assert.rejects(registry.setAuthentication(deviceId, bad), { code: 'argument-invalid' });
        assert.deepEqual((await registry.require(deviceId)).authentication, authentication);
      });
    }

    describe('of a device that signs in by key', () => {
      const chosen = { primaryKey: Buffer.alloc(16, 1).toString('base64'), secondaryKey: Buffer.alloc(64, 2).toString('base64') };

      function keysOf({ authentication: kept }: { authentication: DeviceAuthentication }) {
        assert.ok(kept.type === 'sas');
        return kept.keys.reveal();
      }

      test('keys that nobody chose are made, 32 bytes each, and nothing that prints the device holds them', async () => {
        const { registry, deviceId } = rooms();
        const created = await registry.create({ deviceId, authentication: { type: 'sas' } });
        const keys = keysOf(created);
        assert.notEqual(keys.primaryKey, keys.secondaryKey);
        for (const key of Object.values(keys)) assert.equal(Buffer.from(key, 'base64').length, 32);
        const loaded = await registry.require(deviceId);
        assert.deepEqual(keysOf(loaded), keys);
        for (const key of Object.values(keys)) assert.equal(JSON.stringify([created, loaded]).includes(key), false);
      });

      test('chosen keys are kept as they are written, and lie sealed in the database', async () => {
        const { registry, deviceId } = rooms();
        await registry.create({ deviceId, authentication: { type: 'sas', ...chosen } });
        assert.deepEqual(keysOf(await registry.require(deviceId)), chosen);
        const rows = await database.selectFrom('hub_device').selectAll().where('device_id', '=', deviceId).execute();
        const stored = rows.map((row) => JSON.stringify(row) + Buffer.from(row.sealed_keys ?? []).toString('latin1')).join();
        for (const key of Object.values(chosen)) assert.equal(stored.includes(key), false);
      });

      for (const key of [
        'AAAA',
        Buffer.alloc(15).toString('base64'),
        Buffer.alloc(65).toString('base64'),
        'no base64 at all!!!!',
      ]) {
        test(`the key ${key.slice(0, 20)} of ${key.length} characters is refused in either slot`, async () => {
          const { registry, deviceId } = rooms();
          for (const wrong of [{ primaryKey: key }, { secondaryKey: key }]) {
            const asked = { type: 'sas', ...wrong } as const;
            await assert.rejects(registry.create({ deviceId, authentication: asked }), { code: 'argument-invalid' });
          }
          assert.equal(await registry.load(deviceId), undefined);
        });
      }

      test('another key ends the session, the same ones do not; a slot that is not named keeps its key', async () => {
        const { registry, presence, deviceId } = rooms();
        await registry.create({ deviceId, authentication: { type: 'sas', ...chosen } });
        const session = liveSession(presence, deviceId);
        await registry.setAuthentication(deviceId, { type: 'sas', ...chosen });
        await registry.setAuthentication(deviceId, { type: 'sas' });
        assert.deepEqual(session.closed, []);
        const primaryKey = Buffer.alloc(32, 3).toString('base64');
        const changed = await registry.setAuthentication(deviceId, { type: 'sas', primaryKey });
        assert.deepEqual(session.closed, ['credential-changed']);
        assert.deepEqual(keysOf(changed), { ...chosen, primaryKey });
      });

      test('a device changes between key and certificate, and the old credential is gone', async () => {
        const { registry, deviceId } = rooms();
        await registry.create({ deviceId, authentication });
        await registry.setAuthentication(deviceId, { type: 'sas', ...chosen });
        const byKey = await registry.require(deviceId);
        assert.deepEqual([byKey.authentication.type, keysOf(byKey)], ['sas', chosen]);
        await registry.setAuthentication(deviceId, authentication);
        assert.deepEqual((await registry.require(deviceId)).authentication, authentication);
        await assert.rejects(registry.setAuthentication(deviceId, { type: 'sas', primaryKey: 'short' }), {
          code: 'argument-invalid',
        });
        await registry.setAuthentication(deviceId, { type: 'sas' });
        assert.notDeepEqual(keysOf(await registry.require(deviceId)), chosen, 'a certificate takes the keys away');
      });
    });

    test('disabling ends the session before it resolves, and does it once', async () => {
      const { registry, presence, log, deviceId } = rooms();
      const before = await registry.create({ deviceId, authentication });
      const session = liveSession(presence, deviceId);
      const device = await registry.setEnabled(deviceId, false);
      assert.deepEqual(session.closed, ['device-disabled']);
      assert.equal(presence.isConnected(deviceId), false);
      assert.notEqual(device.etag, before.etag);
      assert.equal(device.generationId, before.generationId);
      assert.equal((await registry.setEnabled(deviceId, false)).etag, device.etag);
      assert.deepEqual(log.operations('deviceConnectionStateEvents'), ['deviceConnected', 'deviceDisconnected']);
    });

    test('another thumbprint ends the session, the same one does not', async () => {
      const { registry, presence, deviceId } = rooms();
      await registry.create({ deviceId, authentication });
      const session = liveSession(presence, deviceId);
      await registry.setAuthentication(deviceId, { type: 'selfSigned', primaryThumbprint: thumbprintA.toLowerCase() });
      assert.deepEqual(session.closed, []);
      await registry.setAuthentication(deviceId, { type: 'selfSigned', primaryThumbprint: thumbprintB });
      assert.deepEqual(session.closed, ['credential-changed']);
    });

    test('deleting ends the session and takes twin, stored session and presence along', async () => {
      const { registry, twins, presence, log, deviceId } = rooms();
      const first = await registry.create({ deviceId, authentication, initialTwin: { desired: { a: 1 } } });
      const session = liveSession(presence, deviceId);
      await registry.delete(deviceId);
      assert.deepEqual(session.closed, ['device-deleted']);
      await assert.rejects(twins.load(deviceId), { code: 'device-not-found' });
      await assert.rejects(registry.delete(deviceId), { code: 'device-not-found' });
      assert.equal(await presence.load(deviceId), undefined);
      await presence.flush();
      assert.equal(await presence.load(deviceId), undefined);
      assert.deepEqual(log.operations('deviceLifecycleEvents'), ['createDeviceIdentity', 'deleteDeviceIdentity']);
      const second = await registry.create({ deviceId, authentication });
      assert.notEqual(second.generationId, first.generationId);
      assert.deepEqual((await twins.load(deviceId)).desired, {});
    });

    test('provisioning makes a device once, then replaces its credential and ends its session', async () => {
      const { registry, twins, presence, log, deviceId } = rooms();
      const first = await registry.provision({ deviceId, authentication, initialTwin: { desired: { a: 1 } } });
      assert.equal(first.isNew, true);
      await twins.patchDesired(deviceId, { a: 2 });
      const session = liveSession(presence, deviceId);
      const renewed: DeviceAuthentication = { type: 'selfSigned', primaryThumbprint: thumbprintB };
      const second = await registry.provision({ deviceId, authentication: renewed, initialTwin: { desired: { a: 9 } } });
      assert.equal(second.isNew, false);
      assert.deepEqual(session.closed, ['credential-changed']);
      assert.deepEqual(second.device.authentication, renewed);
      assert.equal(second.device.generationId, first.device.generationId);
      assert.deepEqual((await twins.load(deviceId)).desired, { a: 2 });
      assert.deepEqual(log.operations('deviceLifecycleEvents'), ['createDeviceIdentity']);
    });

    test('provisioning the same credential again ends the session all the same', async () => {
      const { registry, presence, deviceId } = rooms();
      await registry.provision({ deviceId, authentication });
      const session = liveSession(presence, deviceId);
      await registry.provision({ deviceId, authentication });
      assert.deepEqual(session.closed, ['credential-changed']);
    });

    test('provisioning does not enable a disabled device', async () => {
      const { registry, deviceId } = rooms();
      await registry.provision({ deviceId, authentication });
      await registry.setEnabled(deviceId, false);
      assert.equal((await registry.provision({ deviceId, authentication })).device.isEnabled, false);
    });

    test('ten registrations of one device at once make one device', async () => {
      const { registry, log, deviceId } = rooms();
      const results = await Promise.all(Array.from({ length: 10 }, () => registry.provision({ deviceId, authentication })));
      assert.equal(results.filter((result) => result.isNew).length, 1);
      assert.equal(log.operations('deviceLifecycleEvents').length, 1);
    });

    test('devices are listed by id, in pages', async () => {
      const { registry } = rooms();
      for (const id of ['c', 'a', 'b']) await registry.create({ deviceId: id, authentication });
      const ids = async (options: Parameters<typeof registry.list>[0]) => (await registry.list(options)).map((d) => d.deviceId);
      assert.deepEqual(await ids({}), ['a', 'b', 'c']);
      assert.deepEqual(await ids({ limit: 2 }), ['a', 'b']);
      assert.deepEqual(await ids({ after: 'b', limit: 2 }), ['c']);
    });

    test('a sign-in under way learns of a change that has no session to end yet', async () => {
      const { registry, watches, deviceId } = rooms();
      await registry.create({ deviceId, authentication });
      const [watch, other] = [watches.begin(deviceId), watches.begin('other')];
      assert.equal(watch.takeChanged(), false);
      await registry.setEnabled(deviceId, false);
      assert.equal(watch.takeChanged(), true);
      assert.equal(watch.takeChanged(), false);
      assert.equal(other.takeChanged(), false);
      watches.allChanged();
      assert.equal(other.takeChanged(), true);
      watch.end();
      other.end();
    });
  });
}
