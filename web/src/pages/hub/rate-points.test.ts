import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Point } from '../../charts/series-points.ts';
import { rateSpanMs, withRate } from './rate-points.ts';

const at = (ms: number, events: number) => ({ at: new Date(ms).toISOString(), events, connectedCount: 0 });

test('two answers make a rate in events a second, and one makes none', () => {
  assert.deepEqual(withRate([], undefined, at(0, 7)), []);
  assert.deepEqual(withRate([], at(0, 10), at(2_000, 15)), [[2_000, 2.5]]);
});

test('the same answer twice adds nothing, and a count that begins again is no negative rate', () => {
  assert.deepEqual(withRate([], at(1_000, 5), at(1_000, 5)), []);
  assert.deepEqual(withRate([], at(1_000, 500), at(2_000, 3)), [[2_000, 0]]);
});

test('what is older than the chart is let go', () => {
  const old: Point[] = [
    [0, 1],
    [5_000, 2],
  ];
  const points = withRate(old, at(rateSpanMs, 0), at(rateSpanMs + 1_000, 4));
  assert.deepEqual(points, [
    [5_000, 2],
    [rateSpanMs + 1_000, 4],
  ]);
});
