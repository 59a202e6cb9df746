import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { formatTwin, formatTwinForDevice } from './twin.ts';
import type { DesiredChange } from './twins.ts';

for (const kind of testDatabases()) {
  describe(`twins on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function newTwin(initialTwin: { tags?: JsonObject; desired?: JsonObject } = {}) {
      const rooms = hubRooms(database);
      const deviceId = `d${++made}`;
      await rooms.registry.create({
        deviceId,
        authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA },
        initialTwin,
      });
      return { ...rooms, deviceId };
    }

    test('a fresh twin has both sections at version 1, never updated', async () => {
      const { twins, deviceId } = await newTwin();
      const twin = await twins.load(deviceId);
      assert.deepEqual(formatTwinForDevice(twin), { desired: { $version: 1 }, reported: { $version: 1 } });
      assert.deepEqual(formatTwin(twin).properties, {
        desired: { $metadata: { $lastUpdated: '0001-01-01T00:00:00Z' }, $version: 1 },
        reported: { $metadata: { $lastUpdated: '0001-01-01T00:00:00Z' }, $version: 1 },
      });
    });

    test('sections count their versions independently, the twin counts every change', async () => {
      const { twins, deviceId } = await newTwin({ tags: { room: 'attic' }, desired: { interval: 5 } });
      await twins.patchDesired(deviceId, { interval: 6 });
      await twins.patchDesired(deviceId, { interval: null });
      await twins.patchReported(deviceId, { battery: { level: 55 } });
      const twin = await twins.patchTags(deviceId, { floor: 3 });
      assert.equal(twin.desiredVersion, 3);
      assert.equal(twin.reportedVersion, 2);
      assert.equal(twin.version, 5);
      assert.deepEqual(twin.desired, {});
      assert.deepEqual(twin.reported, { battery: { level: 55 } });
      assert.deepEqual(twin.tags, { room: 'attic', floor: 3 });
      assert.deepEqual(await twins.load(deviceId), twin);
    });

    test('the etag changes with tags and desired, not with reported', async () => {
      const { twins, deviceId } = await newTwin();
      const first = await twins.load(deviceId);
      const reported = await twins.patchReported(deviceId, { a: 1 });
      assert.equal(reported.etag, first.etag);
      const desired = await twins.patchDesired(deviceId, { a: 1 });
      assert.notEqual(desired.etag, first.etag);
      const tags = await twins.patchTags(deviceId, { a: 1 });
      assert.notEqual(tags.etag, desired.etag);
      assert.equal(Buffer.from(tags.etag, 'base64').length, 8);
    });

    test('metadata says per property when it was written and by which version', async () => {
      const { twins, clock, deviceId } = await newTwin();
      const start = clock.now();
      await twins.patchDesired(deviceId, { a: { x: 1, y: 2 } });
      clock.advance(1000);
      const twin = await twins.patchDesired(deviceId, { a: { y: 3 }, b: 4 });
      const { members } = twin.desiredMetadata;
      assert.equal(members.a?.members.x?.lastUpdated, start);
      assert.equal(members.a?.members.x?.lastUpdatedVersion, 2);
      assert.equal(members.a?.members.y?.lastUpdated, instant(start + 1000));
      assert.equal(members.b?.lastUpdatedVersion, 3);
      const after = await twins.patchDesired(deviceId, { a: null });
      assert.deepEqual(Object.keys(after.desiredMetadata.members), ['b']);
      assert.deepEqual(await twins.load(deviceId), after);
    });

    test('an empty patch is answered and changes nothing', async () => {
      const { twins, log, deviceId } = await newTwin();
      const before = await twins.load(deviceId);
      assert.deepEqual(await twins.patchReported(deviceId, {}), before);
      assert.deepEqual(log.operations('twinChangeEvents'), []);
      await assert.rejects(twins.patchReported(deviceId, {}, 9), { code: 'precondition-failed' });
    });

    test('a versioned patch applies to its version only', async () => {
      const { twins, deviceId } = await newTwin();
      await twins.patchReported(deviceId, { a: 1 }, 1);
      await assert.rejects(twins.patchReported(deviceId, { a: 2 }, 1), { code: 'precondition-failed' });
      assert.deepEqual((await twins.load(deviceId)).reported, { a: 1 });
    });

    test('twenty changes at once are applied one after the other', async () => {
      const { twins, deviceId } = await newTwin();
      const seen: DesiredChange[] = [];
      twins.onDesiredChange((change) => seen.push(change));
      await Promise.all(Array.from({ length: 20 }, (_, i) => twins.patchDesired(deviceId, { [`k${i}`]: i })));
      const twin = await twins.load(deviceId);
      assert.equal(Object.keys(twin.desired).length, 20);
      assert.equal(twin.desiredVersion, 21);
      assert.deepEqual(
        seen.map((change) => change.version),
        Array.from({ length: 20 }, (_, i) => i + 2),
      );
    });

    test('two processes that change one twin lose neither change', async () => {
      const { twins, deviceId } = await newTwin();
      const other = hubRooms(database).twins;
      await Promise.all([
        ...Array.from({ length: 4 }, (_, i) => twins.patchReported(deviceId, { [`a${i}`]: i })),
        ...Array.from({ length: 4 }, (_, i) => other.patchReported(deviceId, { [`b${i}`]: i })),
      ]);
      assert.equal(Object.keys((await twins.load(deviceId)).reported).length, 8);
    });

    test('many twins that change at once, also by two processes, each get all of their own changes and nobody else’s', async () => {
      const { twins, registry } = hubRooms(database);
      const other = hubRooms(database).twins;
      const ids = Array.from({ length: 80 }, (_, at) => `many${at}`);
      const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;
      await registry.createMany(ids.map((deviceId) => ({ deviceId, authentication })));
      const nobody = assert.rejects(twins.patchReported('nobody', { a: 1 }), { code: 'device-not-found' });
      await Promise.all(
        ids.flatMap((id) => [
          twins.patchReported(id, { a: id }),
          twins.patchTags(id, { site: id }),
          other.patchReported(id, { b: id }),
        ]),
      );
      await nobody;
      for (const id of ids) {
        const { reported, tags, reportedVersion, version } = await twins.load(id);
        assert.deepEqual([reported, tags, reportedVersion, version], [{ a: id, b: id }, { site: id }, 3, 4]);
      }
      const indexed = await database.selectFrom('hub_twin_tag').select('identity').where('identity', 'like', 'many%').execute();
      assert.equal(indexed.length, ids.length);
    });

    test('each change is an event with the patch, its metadata and the versions', async () => {
      const { twins, clock, log, deviceId } = await newTwin();
      await twins.patchDesired(deviceId, { old: 1 });
      await twins.patchDesired(deviceId, { old: null, fresh: 2 });
      const event = log.events.at(-1);
      const at = new Date(clock.now()).toISOString().replace('Z', '0000Z');
      assert.equal(event?.source, 'twinChangeEvents');
      assert.equal(event?.properties.opType, 'updateTwin');
      assert.equal(event?.properties['iothub-message-schema'], 'twinChangeNotification');
      assert.equal(event?.properties['$.ct'], 'application/json');
      assert.deepEqual(event?.body, {
        version: 3,
        properties: {
          desired: {
            old: null,
            fresh: 2,
            $metadata: { $lastUpdated: at, $lastUpdatedVersion: 3, fresh: { $lastUpdated: at, $lastUpdatedVersion: 3 } },
            $version: 3,
          },
        },
      });
    });

    test('the model a device announces is kept until a connect without one', async () => {
      const { twins, deviceId } = await newTwin();
      assert.equal((await twins.setModelId(deviceId, 'dtmi:com:example:T;1')).modelId, 'dtmi:com:example:T;1');
      assert.equal((await twins.load(deviceId)).modelId, 'dtmi:com:example:T;1');
      assert.equal((await twins.setModelId(deviceId, '')).modelId, '');
    });

    test('an unknown device has no twin', async () => {
      const { twins } = await newTwin();
      await assert.rejects(twins.load('nobody'), { code: 'device-not-found' });
      await assert.rejects(twins.patchDesired('nobody', { a: 1 }), { code: 'device-not-found' });
      await assert.rejects(twins.patchReported('nobody', {}), { code: 'device-not-found' });
    });

    const deep = (levels: number): JsonObject => (levels === 1 ? { v: 1 } : { n: deep(levels - 1) });
    const accepted: [what: string, patch: JsonObject][] = [
      ['ten levels', deep(10)],
      ['the largest integer', { a: 4503599627370495 }],
      ['the smallest integer', { a: -4503599627370496 }],
      ['a fraction', { a: 1e-12 }],
      ['a string of 4 KB', { a: 'x'.repeat(4096) }],
      ['a name of 1 KB', { ['k'.repeat(1024)]: 1 }],
      ['an array of objects', { a: [{ b: [1, 2] }, 'x', true] }],
      ['a component', { thermostat: { __t: 'c', targetTemperature: { value: 20, ac: 200, av: 2, ad: 'ok' } } }],
      ['a name beyond ASCII', { größe: 1 }],
    ];
    for (const [what, patch] of accepted) {
      test(`reported takes ${what}`, async () => {
        const { twins, deviceId } = await newTwin();
        assert.deepEqual((await twins.patchReported(deviceId, patch)).reported, patch);
      });
    }

    const refused: [what: string, patch: JsonObject][] = [
      ['eleven levels', deep(11)],
      ['eleven levels with arrays', { a: [[[[[[[[[[1]]]]]]]]]] }],
      ['an integer above the range', { a: 4503599627370496 }],
      ['an integer below the range', { a: -4503599627370497 }],
      ['a number that is infinite', { a: JSON.parse('1e999') }],
      ['a string above 4 KB', { a: 'x'.repeat(4097) }],
      ['a string above 4 KB in UTF-8', { a: 'ü'.repeat(2049) }],
      ['a long string inside an array', { a: [{ b: 'x'.repeat(4097) }] }],
      ['a name above 1 KB', { ['k'.repeat(1025)]: 1 }],
      ['a name with a dot', { 'a.b': 1 }],
      ['a name with a space', { 'a b': 1 }],
      ['a name with a dollar', { $version: 1 }],
      ['a dollar inside a name', { a$b: 1 }],
      ['a forbidden name that is only deleted', { 'a.b': null }],
      ['a forbidden name below', { a: { 'b.c': 1 } }],
      ['a forbidden name inside an array', { a: [{ $x: 1 }] }],
      ['a name with a control character', { 'a\u0007': 1 }],
      ['a name with a C1 control character', { 'a\u0085': 1 }],
      ['an empty name', { '': 1 }],
      ['more than 32 KB', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(4000)]))],
    ];
    for (const [what, patch] of refused) {
      test(`reported refuses ${what} and stays as it was`, async () => {
        const { twins, log, deviceId } = await newTwin();
        const before = await twins.load(deviceId);
        await assert.rejects(async () => twins.patchReported(deviceId, patch), { code: 'twin-invalid' });
        assert.deepEqual(await twins.load(deviceId), before);
        assert.deepEqual(log.operations('twinChangeEvents'), []);
      });
    }

    test('a section may not grow beyond its size in several patches', async () => {
      const { twins, deviceId } = await newTwin();
      for (let i = 0; i < 2; i++) await twins.patchTags(deviceId, { [`k${i}`]: 'x'.repeat(4000) });
      await assert.rejects(twins.patchTags(deviceId, { k2: 'x'.repeat(200) }), { code: 'twin-invalid' });
      await twins.patchTags(deviceId, { k0: null, k2: 'x'.repeat(200) });
    });

    test('a name that JavaScript reserves is data like any other', async () => {
      const { twins, deviceId } = await newTwin();
      await twins.patchReported(deviceId, JSON.parse('{"__proto__":{"a":1},"constructor":2}'));
      const twin = await twins.load(deviceId);
      assert.equal(JSON.stringify(twin.reported), '{"__proto__":{"a":1},"constructor":2}');
      assert.equal(
        JSON.stringify(formatTwinForDevice(twin)),
        '{"desired":{"$version":1},"reported":{"__proto__":{"a":1},"constructor":2,"$version":2}}',
      );
    });

    test('an owner patches tags and desired in one step: one version each, one event, one push', async () => {
      const { twins, log, deviceId } = await newTwin({ tags: { room: 'attic' }, desired: { a: 1 } });
      const pushes: DesiredChange[] = [];
      twins.onDesiredChange((change) => pushes.push(change));
      const twin = await twins.patchOwned(deviceId, { tags: { room: null, floor: 3 }, desired: { a: null, b: { c: 2 } } });
      assert.deepEqual(twin.tags, { floor: 3 });
      assert.deepEqual(twin.desired, { b: { c: 2 } });
      assert.deepEqual([twin.version, twin.desiredVersion, twin.etag], [2, 2, 'AAAAAAAAAAI=']);
      assert.deepEqual(pushes, [{ identity: deviceId, patch: { a: null, b: { c: 2 } }, version: 2 }]);
      assert.deepEqual(log.operations('twinChangeEvents'), ['updateTwin']);
    });

    test('a patch of tags alone leaves desired at its version and pushes nothing', async () => {
      const { twins, deviceId } = await newTwin();
      const pushes: DesiredChange[] = [];
      twins.onDesiredChange((change) => pushes.push(change));
      const twin = await twins.patchOwned(deviceId, { tags: { floor: 3 }, desired: {} });
      assert.deepEqual([twin.desiredVersion, twin.etag, pushes.length], [1, 'AAAAAAAAAAI=', 0]);
    });

    test('a replacement leaves reported alone and tells the device what to add and what to drop', async () => {
      const { twins, log, deviceId } = await newTwin({
        tags: { room: 'attic' },
        desired: { keep: 1, drop: 2, in: { a: 1, b: 2 } },
      });
      await twins.patchReported(deviceId, { own: true });
      const pushes: DesiredChange[] = [];
      twins.onDesiredChange((change) => pushes.push(change));
      const twin = await twins.replaceOwned(deviceId, { tags: { floor: 3 }, desired: { keep: 1, in: { b: 3 }, no: null } });
      assert.deepEqual(twin.tags, { floor: 3 });
      assert.deepEqual(twin.desired, { keep: 1, in: { b: 3 } });
      assert.deepEqual(twin.reported, { own: true });
      assert.deepEqual([twin.desiredVersion, twin.reportedVersion, twin.version], [2, 2, 3]);
      assert.deepEqual(pushes, [{ identity: deviceId, patch: { drop: null, in: { a: null, b: 3 } }, version: 2 }]);
      assert.deepEqual(Object.keys(twin.desiredMetadata.members), ['keep', 'in']);
      assert.deepEqual(log.operations('twinChangeEvents'), ['updateTwin', 'replaceTwin']);
      assert.deepEqual(await twins.load(deviceId), twin);
    });

    for (const how of ['patchOwned', 'replaceOwned'] as const) {
      test(`${how} with the etag of an older twin changes nothing; with the present one or * it does`, async () => {
        const { twins, deviceId } = await newTwin();
        const { etag } = await twins.load(deviceId);
        const { etag: next } = await twins[how](deviceId, { tags: { a: 1 }, desired: {} }, `"${etag}"`);
        for (const stale of [etag, `"${etag}"`, `W/"${etag}"`, '']) {
          const change = twins[how](deviceId, { tags: { a: 2 }, desired: { a: 2 } }, stale);
          await assert.rejects(change, { code: 'precondition-failed' }, stale);
        }
        assert.deepEqual((await twins.load(deviceId)).tags, { a: 1 });
        await twins[how](deviceId, { tags: { a: 3 }, desired: {} }, next);
        await twins[how](deviceId, { tags: { a: 4 }, desired: {} }, '*');
        assert.deepEqual((await twins.load(deviceId)).tags, { a: 4 });
      });

      test(`${how} refuses what a twin may not hold, and the twin of nobody`, async () => {
        const { twins, deviceId } = await newTwin();
        const bad = { tags: { 'a.b': 1 }, desired: {} };
        await assert.rejects(async () => twins[how](deviceId, bad), { code: 'twin-invalid' });
        const large = { tags: {}, desired: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(4000)])) };
        await assert.rejects(async () => twins[how](deviceId, large), { code: 'twin-invalid' });
        assert.equal((await twins.load(deviceId)).version, 1);
        await assert.rejects(twins[how]('nobody', { tags: { a: 1 }, desired: {} }), { code: 'device-not-found' });
      });
    }
  });
}
