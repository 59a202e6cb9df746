import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdentityQueue } from './identity-queue.ts';

test('work on several identities waits for all of them, holds them all, and never waits for itself', async () => {
  const queue = new IdentityQueue();
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const work =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async () => {
      said.push(`${name} begins`);
      await until;
      said.push(`${name} ends`);
    };
  const all = [
    queue.run('b', work('first', gate.promise)),
    queue.runAll(['b', 'a'], work('both')),
    queue.runAll(['a', 'b', 'c'], work('three')),
    queue.run('a', work('last')),
    queue.run('z', work('other')),
  ];
  await all[4];
  assert.deepEqual(said, ['first begins', 'other begins', 'other ends']);
  gate.resolve();
  await Promise.all(all);
  const order = ['first ends', 'both begins', 'both ends', 'three begins', 'three ends'];
  assert.deepEqual(
    said.filter((each) => order.includes(each)),
    order,
  );
  await new Promise(setImmediate);
  assert.equal(queue.size, 0);
});

test('a failure is its caller’s alone', async () => {
  const queue = new IdentityQueue();
  await assert.rejects(
    queue.runAll(['a', 'b'], () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await queue.runAll([], async () => 1), 1);
  assert.equal(await queue.run('a', async () => 2), 2);
});
