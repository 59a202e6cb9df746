import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA, thumbprintB } from '#test/support/hub-rooms.ts';
import { liveSession } from '#test/support/live-session.ts';
import { StoredSessions } from '../sessions/stored-sessions.ts';
import { registryLimits } from './limits.ts';

const deviceId = 'MyDev';
const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;

for (const kind of testDatabases()) {
  describe(`the modules of devices on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function rooms() {
      const hub = `hub-${++made}`;
      const opened = hubRooms(database, hub);
      await opened.registry.create({ deviceId, authentication });
      return { ...opened, hub, modules: opened.registry.modules };
    }

    test('a module has its own tag, generation, keys and twin, and a life-cycle event that names it', async () => {
      const { registry, modules, twins, log } = await rooms();
      const initialTwin = { tags: { a: 1 }, desired: { b: 2 } };
      const module = await modules.create({
        deviceId,
        moduleId: 'm',
        authentication: { type: 'sas' },
        managedBy: 'me',
        initialTwin,
      });
      const device = await registry.require(deviceId);
      assert.notEqual(module.etag, device.etag);
      assert.notEqual(module.generationId, device.generationId);
      assert.match(module.generationId, /^\d+$/);
      assert.equal(module.managedBy, 'me');
      const read = await modules.require(deviceId, 'm');
      assert.ok(module.authentication.type === 'sas' && read.authentication.type === 'sas');
      const { primaryKey, secondaryKey } = read.authentication.keys.reveal();
      assert.deepEqual(module.authentication.keys.reveal(), { primaryKey, secondaryKey });
      for (const key of [primaryKey, secondaryKey]) assert.equal(Buffer.from(key, 'base64').length, 32);
      const twin = await twins.load(`${deviceId}/m`);
      assert.deepEqual([twin.deviceId, twin.moduleId, twin.tags, twin.desired], [deviceId, 'm', { a: 1 }, { b: 2 }]);
      assert.deepEqual((await twins.load(deviceId)).desired, {});
      const [event] = log.events.filter(({ source }) => source === 'moduleLifecycleEvents');
      assert.ok(event);
      assert.deepEqual([event.deviceId, event.moduleId], [deviceId, 'm']);
      assert.deepEqual(
        [event.properties.deviceId, event.properties.moduleId, event.properties.opType],
        [deviceId, 'm', 'createModuleIdentity'],
      );
      assert.equal((event.body as { moduleId?: string }).moduleId, 'm');
    });

    test('a module that nothing is said of signs in by nothing', async () => {
      const { modules } = await rooms();
      await modules.create({ deviceId, moduleId: 'm' });
      assert.deepEqual((await modules.require(deviceId, 'm')).authentication, { type: 'none' });
    });

    test('a module needs a device, a legal id and a name of its own; of each device there are fifty at most', async () => {
      const { modules, twins } = await rooms();
      await assert.rejects(modules.create({ deviceId: 'nobody', moduleId: 'm' }), { code: 'device-not-found' });
      for (const moduleId of ['', 'a/b', 'a b', 'x'.repeat(129)]) {
        await assert.rejects(modules.create({ deviceId, moduleId }), { code: 'argument-invalid' }, moduleId);
      }
      await assert.rejects(modules.create({ deviceId, moduleId: 'm', initialTwin: { desired: { 'a.b': 1 } } }), {
        code: 'twin-invalid',
      });
      assert.deepEqual(await modules.list(deviceId), []);
      for (let i = 1; i <= registryLimits.modulesPerDeviceMax; i++) await modules.create({ deviceId, moduleId: `m${i}` });
      await assert.rejects(modules.create({ deviceId, moduleId: 'm51' }), {
        code: 'quota-exceeded',
        reason: 'too-many-modules',
      });
      await assert.rejects(modules.create({ deviceId, moduleId: 'm1' }), { code: 'already-exists', reason: 'module-exists' });
      assert.equal(registryLimits.modulesPerDeviceMax, 50);
      assert.equal((await modules.list(deviceId)).length, 50);
      await assert.rejects(twins.load(`${deviceId}/m51`), { code: 'not-found', reason: 'module-not-found' });
      await modules.delete(deviceId, 'm7');
      await modules.create({ deviceId, moduleId: 'm51' });
    });

    test('an unknown module is told from an unknown device', async () => {
      const { modules } = await rooms();
      const unknown = { code: 'not-found', reason: 'module-not-found' };
      await assert.rejects(modules.require(deviceId, 'm'), unknown);
      await assert.rejects(modules.update(deviceId, 'm', {}), unknown);
      await assert.rejects(modules.delete(deviceId, 'm'), unknown);
      const nobody = { code: 'device-not-found' };
      await assert.rejects(modules.require('nobody', 'm'), nobody);
      await assert.rejects(modules.update('nobody', 'm', {}), nobody);
      await assert.rejects(modules.delete('nobody', 'm'), nobody);
      await assert.rejects(modules.list('nobody'), nobody);
    });

    test('an update changes what it names under the right tag, and ends the session only where it must', async () => {
      const { modules, presence } = await rooms();
      const created = await modules.create({ deviceId, moduleId: 'm', authentication });
      const [device, module] = [liveSession(presence, deviceId), liveSession(presence, `${deviceId}/m`)];
      for (const change of [{}, { authentication }, { managedBy: '' }]) {
        assert.equal((await modules.update(deviceId, 'm', change, '*')).etag, created.etag);
      }
      await assert.rejects(modules.update(deviceId, 'm', { managedBy: 'x' }, '"old"'), { code: 'precondition-failed' });
      await assert.rejects(modules.update(deviceId, 'm', { managedBy: 'x'.repeat(129) }), { code: 'argument-invalid' });
      const managed = await modules.update(deviceId, 'm', { managedBy: 'x' }, `"${created.etag}"`);
      assert.notEqual(managed.etag, created.etag);
      assert.deepEqual(module.closed, []);
      const replaced = await modules.update(deviceId, 'm', {
        authentication: { type: 'selfSigned', primaryThumbprint: thumbprintB },
      });
      assert.deepEqual(module.closed, ['credential-changed']);
      assert.equal(replaced.managedBy, 'x');
      assert.deepEqual(await modules.require(deviceId, 'm'), replaced);
      assert.deepEqual(await modules.update(deviceId, 'm', { managedBy: '' }).then((m) => m.managedBy), undefined);
      assert.deepEqual(device.closed, []);
    });

    test('keys that an update leaves out stay', async () => {
      const { modules } = await rooms();
      await modules.create({ deviceId, moduleId: 'm', authentication: { type: 'sas' } });
      const before = (await modules.require(deviceId, 'm')).authentication;
      const primaryKey = Buffer.alloc(32, 9).toString('base64');
      await modules.update(deviceId, 'm', { authentication: { type: 'sas', primaryKey } });
      const { authentication: now } = await modules.require(deviceId, 'm');
      assert.ok(before.type === 'sas' && now.type === 'sas');
      assert.deepEqual(now.keys.reveal(), { primaryKey, secondaryKey: before.keys.reveal().secondaryKey });
      const [row] = await database.selectFrom('hub_module').select('sealed_keys').where('module_id', '=', 'm').execute();
      assert.equal(Buffer.from(row?.sealed_keys ?? []).includes(primaryKey), false);
    });

    test('a deleted module takes its session, its twin and its stored session along, and nothing of its device', async () => {
      const { hub, modules, presence, twins, registry, log } = await rooms();
      const sessions = new StoredSessions(database, hub);
      const first = await modules.create({ deviceId, moduleId: 'm', authentication });
      await modules.create({ deviceId, moduleId: 'n', authentication });
      await twins.patchDesired(`${deviceId}/m`, { a: 1 });
      for (const name of [deviceId, `${deviceId}/m`]) {
        await sessions.begin(name, false);
        await sessions.save(name, new Map([[`of ${name}`, 1]]));
      }
      const [device, module, other] = ['', '/m', '/n'].map((end) => liveSession(presence, deviceId + end));
      assert.equal(presence.connectedCount, 1);
      await assert.rejects(modules.delete(deviceId, 'm', '"old"'), { code: 'precondition-failed' });
      await modules.delete(deviceId, 'm', `"${first.etag}"`);
      assert.deepEqual([device?.closed, module?.closed, other?.closed], [[], ['device-deleted'], []]);
      assert.equal(await presence.load(`${deviceId}/m`), undefined);
      assert.deepEqual(log.operations('moduleLifecycleEvents').at(-1), 'deleteModuleIdentity');
      const again = await modules.create({ deviceId, moduleId: 'm', authentication });
      assert.notEqual(again.generationId, first.generationId);
      assert.deepEqual((await twins.load(`${deviceId}/m`)).desired, {});
      assert.equal((await sessions.begin(`${deviceId}/m`, false)).isPresent, false);
      assert.deepEqual([...(await sessions.begin(deviceId, false)).subscriptions.keys()], [`of ${deviceId}`]);
      assert.equal((await registry.require(deviceId)).isEnabled, true);
    });

    test('the modules of a deleted device are deleted with it, and said to be', async () => {
      const { modules, presence, twins, registry, log } = await rooms();
      for (const moduleId of ['m', 'n']) await modules.create({ deviceId, moduleId, authentication });
      const module = liveSession(presence, `${deviceId}/m`);
      await registry.delete(deviceId);
      assert.deepEqual(module.closed, ['device-deleted']);
      await assert.rejects(twins.load(`${deviceId}/m`), { reason: 'module-not-found' });
      assert.deepEqual(
        log.events.slice(-3).map(({ moduleId, properties }) => [moduleId, properties.opType]),
        [
          ['m', 'deleteModuleIdentity'],
          ['n', 'deleteModuleIdentity'],
          [undefined, 'deleteDeviceIdentity'],
        ],
      );
      await registry.create({ deviceId, authentication });
      assert.deepEqual(await modules.list(deviceId), []);
      assert.equal(await presence.load(`${deviceId}/m`), undefined);
    });

    test('disabling a device ends the sessions of its modules; another credential of its own does not', async () => {
      const { modules, presence, registry } = await rooms();
      await modules.create({ deviceId, moduleId: 'm', authentication });
      await registry.create({ deviceId: 'Other', authentication });
      await modules.create({ deviceId: 'Other', moduleId: 'm', authentication });
      const [module, other] = [liveSession(presence, `${deviceId}/m`), liveSession(presence, 'Other/m')];
      await registry.setAuthentication(deviceId, { type: 'selfSigned', primaryThumbprint: thumbprintB });
      assert.deepEqual(module.closed, []);
      await registry.setEnabled(deviceId, false);
      assert.deepEqual(module.closed, ['device-disabled']);
      assert.deepEqual(other.closed, []);
    });

    test('a sign-in under way of a module learns that it, or its device, changed', async () => {
      const { modules, registry, watches } = await rooms();
      await modules.create({ deviceId, moduleId: 'm', authentication });
      const watch = watches.begin(deviceId);
      await modules.update(deviceId, 'm', { authentication: { type: 'none' } });
      assert.equal(watch.takeChanged(), true);
      await registry.setEnabled(deviceId, false);
      assert.equal(watch.takeChanged(), true);
      await modules.delete(deviceId, 'm');
      assert.equal(watch.takeChanged(), true);
      watch.end();
    });

    test('two devices, and two hubs, have modules of one name apart', async () => {
      const [one, other] = [await rooms(), await rooms()];
      await one.modules.create({ deviceId, moduleId: 'm', managedBy: 'one' });
      assert.deepEqual(await other.modules.list(deviceId), []);
      await one.registry.create({ deviceId: 'Other', authentication });
      assert.equal(await one.modules.load('Other', 'm'), undefined);
      await one.modules.create({ deviceId: 'Other', moduleId: 'm' });
      assert.deepEqual(
        (await one.modules.list(deviceId)).map(({ managedBy }) => managedBy),
        ['one'],
      );
    });

    test('connection events of a module are its own', async () => {
      const { presence, log } = await rooms();
      const { session } = liveSession(presence, `${deviceId}/m`);
      presence.ended(session, 'disconnect');
      const events = log.events.filter(({ source }) => source === 'deviceConnectionStateEvents');
      assert.deepEqual(
        events.map(({ deviceId: of, moduleId, properties }) => [of, moduleId, properties.moduleId, properties.opType]),
        [
          [deviceId, 'm', 'm', 'moduleConnected'],
          [deviceId, 'm', 'm', 'moduleDisconnected'],
        ],
      );
      await presence.flush();
      assert.equal((await presence.load(`${deviceId}/m`))?.cause, 'disconnect');
      assert.equal(await presence.load(deviceId), undefined);
      assert.equal((await presence.loadMany([deviceId, `${deviceId}/m`])).size, 1);
    });
  });
}
