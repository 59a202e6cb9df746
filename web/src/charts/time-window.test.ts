import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWindow, windowEdges, writeWindow, zoomed } from './time-window.ts';

const read = (text: string) => readWindow(new URLSearchParams(text));

test('a window survives the way into the URL and back', () => {
  const fixed = { from: Date.UTC(2026, 4, 1), to: Date.UTC(2026, 4, 2) };
  assert.deepEqual(readWindow(writeWindow(new URLSearchParams(), fixed)), { kind: 'fixed', ...fixed });
  assert.deepEqual(readWindow(writeWindow(new URLSearchParams(), { preset: 'P1D' })), { kind: 'live', spanMs: 86_400_000 });
});

test('other parameters stay, and a preset replaces a stretch', () => {
  const search = writeWindow(new URLSearchParams('view=table&from=2026-05-01T00:00:00.000Z&to=2026-05-02T00:00:00.000Z'), {
    preset: 'PT1H',
  });
  assert.equal(search.toString(), 'view=table&range=PT1H');
});

test('unreadable, reversed and empty windows are the default', () => {
  for (const text of ['range=PT99X', 'from=yesterday&to=today', 'from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z', '']) {
    assert.deepEqual(read(text), { kind: 'live', spanMs: 300_000 }, text);
  }
});

test('zooming in keeps the middle, moving keeps the width', () => {
  assert.deepEqual(zoomed({ from: 0, to: 100 }, 0.5), { from: 25, to: 75 });
  assert.deepEqual(zoomed({ from: 0, to: 100 }, 1, -0.25), { from: -25, to: 75 });
});

test('a live window ends at the present', () => {
  assert.deepEqual(windowEdges({ kind: 'live', spanMs: 10 }, 100), { from: 90, to: 100 });
});
