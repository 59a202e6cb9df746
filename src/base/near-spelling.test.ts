import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nearSpelling, nearSpellings } from './near-spelling.ts';

describe('near spellings', () => {
  for (const [text, name, how] of [
    ['Pump-1', 'pump-1', 'differs only in case'],
    ['0ne00112233', '0ne00112234', 'one character off'],
    ['pump-11', 'pump-1', 'one character off'],
    ['thermometer-41', 'thermometer-52', 'two characters off'],
    ['pump-1', 'pump-1', undefined],
    ['abcde', 'abcxy', undefined],
    ['pump-1', 'valve-7', undefined],
    ['', 'a', undefined],
    ['x'.repeat(10_000), 'x'.repeat(9_999), undefined],
  ] as const) {
    test(`${text.slice(0, 20)} and ${name.slice(0, 20)}: ${how ?? 'nothing'}`, () => {
      assert.equal(nearSpelling(text, name), how);
    });
  }

  test('the nearest come first, and only so many', () => {
    assert.deepEqual(nearSpellings('pump-10', ['pump-11', 'PUMP-10', 'pump-12', 'valve', 'pump-11'], 2), [
      { name: 'PUMP-10', how: 'differs only in case' },
      { name: 'pump-11', how: 'one character off' },
    ]);
  });
});
