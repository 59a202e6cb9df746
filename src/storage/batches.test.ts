import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from './batches.ts';

/** Batches whose answers are let go by hand. */
function held() {
  const calls: { numbers: readonly number[]; answer(): void; fail(error: Error): void }[] = [];
  const batches = new Batches<number, number>(3, (numbers) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    calls.push({ numbers, answer: () => resolve(numbers.map((number) => number * 2)), fail: reject });
    return promise;
  });
  return { batches, calls };
}

test('what comes while a batch is under way is done together, so many at once, each with its own answer', async () => {
  const { batches, calls } = held();
  const asked = [1, 2, 3, 4, 5].map((number) => batches.ask(number));
  assert.deepEqual(
    calls.map(({ numbers }) => numbers),
    [[1]],
  );
  calls[0]?.answer();
  assert.equal(await asked[0], 2);
  assert.deepEqual(calls[1]?.numbers, [2, 3, 4]);
  calls[1]?.answer();
  assert.deepEqual(await Promise.all(asked.slice(1, 4)), [4, 6, 8]);
  calls[2]?.answer();
  assert.equal(await asked[4], 10);
});

test('a batch that fails fails each of its own, and the next is done', async () => {
  const { batches, calls } = held();
  const first = batches.ask(1);
  const others = [batches.ask(2), batches.ask(3)];
  const lost = assert.rejects(first, /gone/);
  calls[0]?.fail(new Error('gone'));
  await lost;
  calls[1]?.answer();
  assert.deepEqual(await Promise.all(others), [4, 6]);
});
