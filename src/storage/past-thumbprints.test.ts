import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { testDatabases } from '#test/support/databases.ts';
import { parsePastThumbprints, retireThumbprints } from './past-thumbprints.ts';

for (const kind of testDatabases()) {
  describe(`past thumbprints on ${kind.name}`, () => {
    test('what leaves a slot is remembered with its end, newest first, and what only moves is not', async (t) => {
      const { database, close } = await kind.open();
      t.after(close);
      const hex = (digit: string) => digit.repeat(40);
      await database
        .insertInto('hub_device')
        .values({
          hub: 'main',
          device_id: 'dev1',
          generation_id: '1',
          etag: 'e',
          is_enabled: 1,
          status_reason: null,
          status_updated_at: null,
          hold_reason: null,
          authentication_type: 'selfSigned',
          primary_thumbprint: hex('A'),
          secondary_thumbprint: null,
          past_thumbprints: null,
          sealed_keys: null,
          is_edge: 0,
          created_at: 0,
          updated_at: 0,
        })
        .execute();
      const replace = async (primary: string | null, secondary: string | null, at: number) => {
        const slots = { primary_thumbprint: primary, secondary_thumbprint: secondary };
        const change = { ...slots, past_thumbprints: retireThumbprints(slots, instant(at)) };
        await database.updateTable('hub_device').set(change).where('device_id', '=', 'dev1').execute();
        const row = await database.selectFrom('hub_device').select('past_thumbprints').executeTakeFirst();
        return parsePastThumbprints(row?.past_thumbprints ?? null).map(({ thumbprint, replacedAt }) => [
          thumbprint[0],
          replacedAt,
        ]);
      };
      assert.deepEqual(await replace(hex('B'), hex('A'), 10), []);
      assert.deepEqual(await replace(hex('C'), hex('B'), 20), [['A', 20]]);
      assert.deepEqual(await replace(null, null, 30), [
        ['C', 30],
        ['B', 30],
        ['A', 20],
      ]);
      for (let i = 0; i < 40; i++) await replace('0123456789'[i % 10]?.repeat(64) ?? '', null, 100 + i);
      const last = await replace(null, null, 200);
      assert.ok(last.length <= 10, `${last.length}`);
      assert.deepEqual(last[0], ['9', 200]);
    });
  });
}

test('a text that was cut in the middle of an entry loses that entry alone', () => {
  const whole = `${'A'.repeat(40)}@12;`;
  assert.deepEqual(parsePastThumbprints(`${whole}${'B'.repeat(40)}@1`), [{ thumbprint: 'A'.repeat(40), replacedAt: 12 }]);
  assert.deepEqual(parsePastThumbprints(null), []);
});
