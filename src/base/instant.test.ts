import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dayMs,
  formatHttpDate,
  formatInstant,
  formatInstantTicks,
  instant,
  parseInstant,
  plus,
  plusYears,
  yearOf,
} from './instant.ts';

const at = instant(Date.UTC(2026, 1, 28, 23, 59, 58, 7));

test('instants are written in each of the three forms', () => {
  assert.equal(formatInstant(at), '2026-02-28T23:59:58.007Z');
  assert.equal(formatInstantTicks(at), '2026-02-28T23:59:58.0070000Z');
  assert.equal(formatHttpDate(at), 'Sat, 28 Feb 2026 23:59:58 GMT');
});

test('instants are read back, with offsets and seven digits; what is none is undefined', () => {
  assert.equal(parseInstant(formatInstant(at)), at);
  assert.equal(parseInstant(formatInstantTicks(at)), at);
  assert.equal(parseInstant('2026-03-01T01:59:58.007+02:00'), at);
  for (const text of ['', 'yesterday', '2026-13-01T00:00:00Z', '2026-02-28T25:00:00Z', 'NaN'])
    assert.equal(parseInstant(text), undefined, text);
});

test('days and years are counted in UTC, over leap days', () => {
  assert.equal(formatInstant(plus(at, dayMs)), '2026-03-01T23:59:58.007Z');
  assert.equal(yearOf(instant(Date.UTC(2027, 0, 1) - 1)), 2026);
  assert.equal(formatInstant(plusYears(at, 2)), '2028-02-28T23:59:58.007Z');
  assert.equal(formatInstant(plusYears(instant(Date.UTC(2024, 1, 29)), 1)), '2025-03-01T00:00:00.000Z');
});
