import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareOf, ticksOf, untilOf } from './rehearsal-span.ts';

const dayMs = 86_400_000;
const now = Date.UTC(2026, 10, 27, 10);

test('an address without a word for it means thirty days, and so does one with an unknown word', () => {
  for (const word of ['', 'tomorrow']) assert.equal(untilOf(word, now), '2026-12-27T10:00:00.000Z');
  assert.equal(untilOf('7d', now), '2026-12-04T10:00:00.000Z');
});

test('what lies outside is drawn at the edge', () => {
  const span = { from: now, until: now + 10 * dayMs };
  assert.deepEqual(
    [-1, 0, 5, 10, 11].map((days) => shareOf(now + days * dayMs, span)),
    [0, 0, 50, 100, 100],
  );
});

test('the axis names few days, all of them inside', () => {
  for (const days of [7, 30, 90, 365, 1095, 3650]) {
    const span = { from: now, until: now + days * dayMs };
    const ticks = ticksOf(span);
    assert.ok(ticks.length <= 12 && ticks.every((at) => at > span.from && at < span.until), `${days}: ${ticks.length}`);
    assert.ok(ticks.length >= 2, `${days} days have ${ticks.length}`);
  }
});
