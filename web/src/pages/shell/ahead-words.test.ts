import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aheadWords } from './ahead-words.ts';

test('how far the clock is ahead is said in its largest unit, and whether it moves', () => {
  const day = 86_400_000;
  assert.equal(aheadWords({ aheadMs: 30 * day - 200, motion: 'still' }), '30 days ahead of real time');
  assert.equal(aheadWords({ aheadMs: day / 2, motion: 'still' }), '12 hours ahead of real time');
  assert.equal(aheadWords({ aheadMs: 60_000, motion: 'moving' }), '1 minute ahead of real time, and is being moved');
  assert.match(
    aheadWords({ aheadMs: 3 * day, motion: 'running', speed: 60 }),
    /^3 days ahead of real time, and runs 60 times as fast$/,
  );
});
