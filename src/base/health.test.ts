import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Concern, Health, healthOf } from './health.ts';

const concern = (state: Concern['state']): Concern => ({ part: 'disk', state, says: 'It is full.', fix: 'Make room.' });

test('without concerns all is well, one degrades, and a failed one outweighs the others', async () => {
  const health = new Health();
  assert.deepEqual(await health.report(), { state: 'ok', concerns: [] });
  health.watch('disk', () => [concern('degraded')]);
  assert.equal((await health.report()).state, 'degraded');
  const cancel = health.watch('log', async () => [concern('failed')]);
  const { state, concerns } = await health.report();
  assert.deepEqual([state, concerns.length], ['failed', 2]);
  cancel();
  assert.equal((await health.report()).state, 'degraded');
});

test('a check that cannot be made is a concern with its reason', async () => {
  const health = new Health();
  health.watch('database', () => {
    throw new Error('no route');
  });
  const { state, concerns } = await health.report();
  assert.equal(state, 'degraded');
  assert.match(concerns[0]?.says ?? '', /database .*: no route/);
});

test('a part on its own is asked by nobody', () => {
  healthOf({}).watch('disk', () => assert.fail('asked'))();
});
