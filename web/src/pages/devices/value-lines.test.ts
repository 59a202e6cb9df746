import assert from 'node:assert/strict';
import { test } from 'node:test';
import { valueLines } from './value-lines.ts';

test('what a device reports within what it reports has a line of its own', () => {
  assert.deepEqual(valueLines({ id: 'op-17', result: { status: 'executing', progress: 40, files: ['a', 'b'], error: {} } }), {
    lines: [
      { name: 'id', text: 'op-17' },
      { name: 'result.status', text: 'executing' },
      { name: 'result.progress', text: '40' },
      { name: 'result.files', text: '["a","b"]' },
      { name: 'result.error', text: '{}' },
    ],
    more: 0,
  });
});

test('what is a line itself has none', () => {
  for (const value of ['text', 4, true, null, [{ a: 1 }], {}, undefined]) assert.equal(valueLines(value), undefined);
});

test('of a list of packages the beginning is shown, and the rest counted', () => {
  const packages = Object.fromEntries(Array.from({ length: 140 }, (_, n) => [`package-${n}`, '1.0']));
  const shown = valueLines(packages);
  assert.equal(shown?.lines.length, 100);
  assert.equal(shown.more, 40);
});
