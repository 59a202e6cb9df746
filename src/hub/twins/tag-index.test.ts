import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { tagEntries, tagPath, tagValue } from './tag-index.ts';

describe('what the index of tags holds', () => {
  test('every member by its path, objects too, and nothing of arrays but that they are there', () => {
    const entries = tagEntries({ site: { floor: 2, open: true }, list: [1, 2], none: [null] });
    assert.deepEqual([...entries.keys()], ['site', 'site.floor', 'site.open', 'list', 'none']);
    assert.equal(entries.get('site')?.toString(), 'o');
    assert.equal(entries.get('list')?.toString(), 'a');
  });

  test('the order of bytes is that of numbers and of texts', () => {
    const numbers = [-1.7e308, -4503599627370496, -1.5, -1, -5e-324, 0, 5e-324, 0.1, 1, 1.5, 2, 10, 4503599627370495, 1.7e308];
    const texts = ['', 'A', 'Z', 'a', 'ab', 'b', 'é', '\uffee', '\u{1d11e}'];
    for (const sorted of [numbers, texts]) {
      const shuffled = [...sorted].reverse();
      const ordered = shuffled.sort((one, other) => Buffer.compare(tagValue(one), tagValue(other)));
      assert.deepEqual(ordered, sorted);
    }
    assert.deepEqual(tagValue(-0), tagValue(0));
  });

  test('long paths and texts have short entries', () => {
    assert.equal(tagPath(['a', 'b']), 'a.b');
    assert.match(tagPath(['x'.repeat(200), 'y'.repeat(200)]), /^#[0-9a-f]{64}$/);
    assert.equal(tagValue('é'.repeat(4_000)).length, 257);
  });
});

for (const { name, open } of testDatabases()) {
  describe(`the index of tags on ${name}`, () => {
    async function setUp() {
      const { database, close } = await open();
      const rooms = hubRooms(database);
      const create = (deviceId: string, tags: Record<string, string | number>) =>
        rooms.registry.create({
          deviceId,
          authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA },
          initialTwin: { tags },
        });
      const indexed = async () => {
        const rows = await database.selectFrom('hub_twin_tag').select(['identity', 'path', 'value']).execute();
        return rows.map(({ identity, path, value }) => `${identity} ${path} ${Buffer.from(value)}`).sort();
      };
      return { ...rooms, database, close, create, indexed };
    }

    test('it follows a twin from its beginning to its end', async () => {
      const { registry, twins, create, indexed, close } = await setUp();
      await create('d', { site: 'north', room: 'attic' });
      assert.deepEqual(await indexed(), ['d room sattic', 'd site snorth']);
      await twins.patchTags('d', { site: 'south', room: null, more: { a: true } });
      assert.deepEqual(await indexed(), ['d more o', 'd more.a bt', 'd site ssouth']);
      await twins.patchReported('d', { a: 1 });
      await twins.replaceOwned('d', { tags: { x: null, y: 'z' }, desired: {} });
      assert.deepEqual(await indexed(), ['d y sz']);
      await registry.delete('d');
      assert.deepEqual(await indexed(), []);
      await close();
    });

    test('twins from before there was an index are in it once the hub has started', async () => {
      const { twins, create, database, indexed, close } = await setUp();
      for (let made = 0; made < 5; made++) await create(`d${made}`, { n: `${made}` });
      const all = await indexed();
      await database.deleteFrom('hub_twin_tag').where('identity', '!=', 'd0').execute();
      await database.updateTable('hub_twin').set({ is_indexed: 0 }).execute();
      await twins.start();
      assert.deepEqual(await indexed(), all);
      await close();
    });
  });
}
