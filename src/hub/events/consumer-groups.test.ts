import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testDatabases } from '#test/support/databases.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { ConsumerGroups, consumerGroupsMax } from './consumer-groups.ts';
import { PartitionClaims } from './partition-claims.ts';

for (const { name, open } of testDatabases()) {
  describe(`consumer groups on ${name}`, () => {
    test('$Default is always there; others are made, found in any case, kept, and deleted', async () => {
      const { database, close } = await open();
      const clock = new ManualClock();
      const groups = await ConsumerGroups.open(clock, database, 'main');
      clock.advance(5_000);
      await groups.create('Dash.board_1-x');
      assert.deepEqual(await ConsumerGroups.open(clock, database, 'main').then((again) => again.list()), groups.list());
      assert.deepEqual(
        groups.list().map(({ name: each }) => each),
        ['$Default', 'Dash.board_1-x'],
      );
      assert.equal(groups.find('DASH.BOARD_1-X')?.name, 'Dash.board_1-x');
      assert.equal(groups.find('$default')?.name, '$Default');
      assert.equal(groups.createdAt, clock.now() - 5_000);
      await assert.rejects(groups.create('dash.board_1-X'), { code: 'already-exists' });
      const gone: string[] = [];
      groups.onDelete((group) => gone.push(group));
      await groups.delete('DASH.board_1-x');
      assert.deepEqual(gone, ['dash.board_1-x']);
      await assert.rejects(groups.delete('dash.board_1-x'), { code: 'not-found' });
      await assert.rejects(groups.delete('$default'), { code: 'conflict' });
      const other = await ConsumerGroups.open(clock, database, 'other');
      assert.equal(other.list().length, 1);
      await close();
    });

    test('names are as the cloud has them, and there are twenty at most', async () => {
      const { database, close } = await open();
      const groups = await ConsumerGroups.open(new ManualClock(), database, 'main');
      for (const wrong of ['', ' ', 'a b', 'ä', '-a', 'a.', '$a', 'a/b', 'x'.repeat(51)]) {
        await assert.rejects(groups.create(wrong), { code: 'argument-invalid' }, wrong);
      }
      const made = Array.from({ length: consumerGroupsMax + 5 }, (_, n) => groups.create(`group-${n}`));
      const results = await Promise.allSettled(made);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, consumerGroupsMax);
      assert.equal(groups.list().length, consumerGroupsMax + 1);
      await close();
    });
  });
}

test('a place in a group is one owner’s, or several readers’', () => {
  const claims = new PartitionClaims(2);
  const stolen: string[] = [];
  const claim = (name: string, epoch?: number, partition = 0) => ({
    group: name.startsWith('other') ? 'other' : 'Group',
    partition,
    epoch,
    stolen: () => stolen.push(name),
  });
  const [low, high, same, none] = [claim('low', 1), claim('high', 5), claim('same', 5), claim('none')];
  assert.equal(claims.claim(low), 'granted');
  assert.equal(claims.claim(none), 'owned');
  assert.equal(claims.claim(high), 'granted');
  assert.equal(claims.claim(claim('lower', 4)), 'owned');
  assert.equal(claims.claim(same), 'granted');
  assert.deepEqual(stolen, ['low', 'high']);
  // Whoever was replaced leaves afterwards, and takes nobody’s place away.
  claims.release(low);
  claims.release(high);
  assert.equal(claims.claim(none), 'owned');
  claims.release(same);
  const readers = [claim('r1'), claim('r2'), claim('r3')];
  assert.deepEqual(
    readers.map((each) => claims.claim(each)),
    ['granted', 'granted', 'too-many'],
  );
  assert.equal(claims.claim(claim('other-reader')), 'granted');
  assert.equal(claims.claim(claim('elsewhere', undefined, 1)), 'granted');
  assert.equal(claims.claim(claim('owner', 0)), 'granted');
  assert.deepEqual(stolen, ['low', 'high', 'r1', 'r2']);
});
