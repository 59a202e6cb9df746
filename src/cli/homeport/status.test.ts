import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeHealth } from './status.ts';

test('health is said in words, each concern with what mends it', () => {
  const concerns = [{ part: 'disk', state: 'degraded', says: 'It has 3 MiB left.', fix: 'Make room.' }];
  assert.deepEqual(describeHealth({ state: 'degraded', concerns }), [
    'health                   degraded',
    '  degraded  disk: It has 3 MiB left.',
    '    fix  Make room.',
  ]);
  assert.deepEqual(describeHealth({ state: 'ok', concerns: [] }), ['health                   ok']);
});
