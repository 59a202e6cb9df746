import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowWindow } from './row-window.ts';

const view = { viewHeight: 400, rowHeight: 40, extra: 5 };

test('the first rows are drawn at the top and the rest is space', () => {
  assert.deepEqual(rowWindow({ ...view, scrollTop: 0, count: 10_000 }), { start: 0, end: 15, before: 0, after: 9985 * 40 });
});

test('drawn rows and space always add up to the whole list', () => {
  for (const scrollTop of [0, 17, 4000, 399_999, 1_000_000]) {
    const { start, end, before, after } = rowWindow({ ...view, scrollTop, count: 10_000 });
    assert.equal(before + (end - start) * 40 + after, 10_000 * 40);
  }
});

test('a list that shrank below the scroll position still draws its last rows', () => {
  const { start, end } = rowWindow({ ...view, scrollTop: 8000, count: 3 });
  assert.deepEqual([start, end], [0, 3]);
});
