import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { registryLimits } from './limits.ts';

for (const { name, open } of testDatabases()) {
  describe(`many devices at once in ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let made = 0;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());

    const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;

    test('those that cannot be made are named, and the others are made with their twins and edge modules', async () => {
      const { registry, twins } = hubRooms(opened.database, `hub${++made}`);
      await registry.create({ deviceId: 'there', authentication });
      const results = await registry.createMany([
        { deviceId: 'new', authentication, initialTwin: { tags: { a: 1 } } },
        { deviceId: 'there', authentication },
        { deviceId: 'b a d', authentication },
        { deviceId: 'twin', authentication, initialTwin: { tags: { 'a.b': 1 } } },
        { deviceId: 'lost', authentication, deviceScope: 'ms-azure-iot-edge://nobody-1' },
        { deviceId: 'gateway', authentication, isEdge: true },
      ]);
      assert.deepEqual(
        results.map((result) => (result instanceof Problem ? result.code : result.deviceId)),
        ['new', 'already-exists', 'argument-invalid', 'twin-invalid', 'argument-invalid', 'gateway'],
      );
      assert.deepEqual((await registry.list()).map(({ deviceId }) => deviceId).sort(), ['gateway', 'new', 'there']);
      assert.deepEqual((await twins.load('new')).tags, { a: 1 });
      assert.equal((await registry.modules.list('gateway')).length, 2);
      assert.deepEqual(await registry.existing(['new', 'lost', 'there']), new Set(['new', 'there']));
    });

    test('a hub that is full takes no more, one by one, together or by provisioning, until one is deleted', async () => {
      const { registry } = hubRooms(opened.database, `hub${++made}`, { ...registryLimits, devicesMax: 3 });
      const full = { code: 'quota-exceeded', reason: 'too-many-devices' };
      await registry.create({ deviceId: 'a', authentication });
      const many = await registry.createMany(['b', 'c', 'd', 'e'].map((deviceId) => ({ deviceId, authentication })));
      assert.deepEqual(
        many.map((result) => (result instanceof Problem ? result.reason : result.deviceId)),
        ['b', 'c', full.reason, full.reason],
      );
      await assert.rejects(registry.create({ deviceId: 'd', authentication }), full);
      await assert.rejects(registry.provision({ deviceId: 'd', authentication }), full);
      assert.equal((await registry.provision({ deviceId: 'a', authentication })).isNew, false);
      await registry.delete('b');
      await registry.create({ deviceId: 'd', authentication });
      assert.equal((await registry.count()).total, 3);
    });

    test('on a hub that is full a device that exists is told so, and takes no place from one that does not', async () => {
      const { registry } = hubRooms(opened.database, `hub${++made}`, { ...registryLimits, devicesMax: 2 });
      await registry.create({ deviceId: 'a', authentication });
      const many = await registry.createMany(['a', 'b', 'c'].map((deviceId) => ({ deviceId, authentication })));
      assert.deepEqual(
        many.map((result) => (result instanceof Problem ? result.code : result.deviceId)),
        ['already-exists', 'b', 'quota-exceeded'],
      );
      await assert.rejects(registry.create({ deviceId: 'a', authentication }), { code: 'already-exists' });
    });

    test('a hub that is full does not count its devices for each who comes, and knows at once that one was deleted', async () => {
      let counts = 0;
      const counted = opened.database.withPlugin({
        transformQuery({ node }) {
          if (JSON.stringify(node).includes('"func":"count"')) counts++;
          return node;
        },
        transformResult: async ({ result }) => result,
      });
      const { registry } = hubRooms(counted, `hub${++made}`, { ...registryLimits, devicesMax: 2 });
      for (const deviceId of ['a', 'b']) await registry.create({ deviceId, authentication });
      const refuse = async () => {
        await assert.rejects(registry.create({ deviceId: 'c', authentication }), { code: 'quota-exceeded' });
        await assert.rejects(registry.provision({ deviceId: 'c', authentication }), { code: 'quota-exceeded' });
      };
      await refuse();
      const before = counts;
      assert.ok(before > 0, 'a count is seen');
      for (let again = 1; again <= 5; again++) await refuse();
      assert.equal(counts, before);
      // One is deleted while it is counted for others, who may hear that there is no place.
      const others = [registry.delete('a'), ...['d', 'e'].map((deviceId) => registry.create({ deviceId, authentication }))];
      await Promise.allSettled(others);
      const { total } = await registry.count();
      assert.ok(total === 1 || total === 2, `${total}`);
      if (total === 1) await registry.create({ deviceId: 'f', authentication });
      await refuse();
    });

    test('of many who come at once to a hub that is almost full, no more get in than there are places', async () => {
      const { registry } = hubRooms(opened.database, `hub${++made}`, { ...registryLimits, devicesMax: 3 });
      const asked = Array.from({ length: 10 }, (_, at) => ({ deviceId: `d${at}`, authentication }));
      const answers = await Promise.allSettled([
        ...asked.slice(0, 5).map((each) => registry.create(each)),
        ...asked.slice(5).map((each) => registry.provision(each)),
      ]);
      const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
      assert.deepEqual([...new Set(refused)], ['too-many-devices']);
      const { total } = await registry.count();
      assert.ok(total > 0 && total <= 3 && total === asked.length - refused.length, `${total} got in`);
      for (let place = total; place < 3; place++) await registry.create({ deviceId: `later${place}`, authentication });
      await assert.rejects(registry.create({ deviceId: 'last', authentication }), { reason: 'too-many-devices' });
    });

    test('of two calls that want the same ids each gets what the other has not', async () => {
      const { registry } = hubRooms(opened.database, `hub${++made}`);
      const ids = Array.from({ length: 50 }, (_, at) => `d${at}`);
      const many = (names: readonly string[]) => registry.createMany(names.map((deviceId) => ({ deviceId, authentication })));
      const answers = await Promise.all([
        many(ids),
        many([...ids].reverse()),
        registry.create({ deviceId: 'd7', authentication }).catch(() => undefined),
      ]);
      const wins = answers.flat().filter((answer) => answer !== undefined && !(answer instanceof Problem));
      assert.equal(wins.length, 50);
    });
  });
}
