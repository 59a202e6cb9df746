import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, minuteMs } from '#base/instant.ts';
import { formatDuration, parseDuration } from './duration.ts';

test('durations are read with and without units', () => {
  for (const [text, ms] of [
    ['60', 60_000],
    ['60s', 60_000],
    ['0s', 0],
    ['250ms', 250],
    ['10m', 10 * minuteMs],
    ['1h 30m', 90 * minuteMs],
    ['1h30m', 90 * minuteMs],
    ['2w', 14 * dayMs],
    ['365d', 365 * dayMs],
  ] as const) {
    assert.equal(parseDuration(text), ms, text);
  }
});

test('what is no duration, or longer than a hundred years, is none', () => {
  for (const text of [
    '',
    ' ',
    's',
    '1x',
    '1 2',
    '60 60s',
    '-1s',
    '1.5h',
    '1e3',
    '36501d',
    '9'.repeat(15),
    '9'.repeat(400),
    '1s;',
    '١s',
  ]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test('durations are printed without the parts that are zero', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [999, '0s'],
    [364 * dayMs + 23 * hourMs + 59 * minuteMs + 58_000, '364d 23h 59m 58s'],
    [366 * dayMs, '1y 1d'],
    [hourMs + 1_000, '1h 1s'],
  ] as const) {
    assert.equal(formatDuration(ms), text);
  }
});
