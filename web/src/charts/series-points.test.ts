import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWindow, type Point, summarize, withGaps, withLive } from './series-points.ts';

const every = (step: number, count: number, start = 0): Point[] =>
  Array.from({ length: count }, (_, index) => [start + index * step, index]);

test('a live point that the server already told of is not drawn twice', () => {
  const merged = withLive(every(1000, 3), [
    [2000, 2],
    [3000, 3],
  ]);
  assert.deepEqual(
    merged.map(([at]) => at),
    [0, 1000, 2000, 3000],
  );
});

test('live points that came out of order are drawn in order', () => {
  assert.deepEqual(
    withLive(
      [],
      [
        [3, 3],
        [1, 1],
      ],
    ).map(([at]) => at),
    [1, 3],
  );
});

test('silence becomes a gap, the usual rhythm does not', () => {
  const steady = every(5000, 5);
  assert.equal(withGaps(steady).length, 5);
  const resumed = withGaps([...steady, ...every(5000, 2, 120_000)]);
  assert.deepEqual(resumed[5], [20_001, null]);
  assert.equal(resumed.length, 8);
});

test('a window keeps one point on either side', () => {
  assert.deepEqual(
    inWindow(every(10, 10), 35, 55).map(([at]) => at),
    [30, 40, 50, 60],
  );
});

test('a summary counts only values inside the window and says nothing when there is none', () => {
  assert.deepEqual(
    summarize(
      [
        [0, 100],
        [10, 1],
        [15, null],
        [20, 3],
      ],
      5,
      25,
    ),
    { last: [20, 3], lowest: 1, highest: 3, mean: 2, count: 2 },
  );
  assert.equal(summarize([[0, null]], 0, 10), undefined);
});
