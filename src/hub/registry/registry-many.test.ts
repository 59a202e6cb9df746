import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';

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
