import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconnectDelayMs } from './reconnect-delay.ts';

test('the pause doubles from the first interval to the longest, half of it more or less, and never above the longest', () => {
  const policy = { initialMs: 5_000, maximumMs: 600_000, resetWindowMs: 300_000 };
  const delays = (fraction: number) => [1, 2, 3, 7, 8, 9, 1_000].map((failures) => reconnectDelayMs(policy, failures, fraction));
  assert.deepEqual(delays(0.5), [5_000, 10_000, 20_000, 320_000, 600_000, 600_000, 600_000]);
  assert.deepEqual(delays(0), [2_500, 5_000, 10_000, 160_000, 300_000, 300_000, 300_000]);
  assert.deepEqual(delays(0.99).slice(-1), [600_000]);
});
