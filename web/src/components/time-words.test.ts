import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relativeWords } from './time-words.ts';

const now = Date.UTC(2026, 4, 1, 12, 0, 0);

test('times within a day are said as a distance, before and after now', () => {
  assert.equal(relativeWords(now - 2000, now), 'just now');
  assert.equal(relativeWords(now - 42_000, now), '42 s ago');
  assert.equal(relativeWords(now - 3 * 60_000, now), '3 min ago');
  assert.equal(relativeWords(now + 9 * 3_600_000, now), 'in 9 h');
});

test('a time more than a day away is said as a date', () => {
  assert.match(relativeWords(now - 3 * 86_400_000, now), /2026/);
});
