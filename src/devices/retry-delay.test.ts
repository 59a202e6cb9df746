import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hourMs, secondMs } from '#base/instant.ts';
import { renewalDelayMs, retryDelayMs } from './retry-delay.ts';

describe('when a device tries again', () => {
  test('the range doubles from 5 s to 1 h, and chance picks within it', () => {
    const ceilings = [1, 2, 3, 10, 11, 1000].map((failures) => retryDelayMs({ failures, fraction: 1 }));
    assert.deepEqual(
      ceilings,
      [5, 10, 20, 2560, 3600, 3600].map((seconds) => seconds * secondMs),
    );
    assert.equal(retryDelayMs({ failures: 5, fraction: 0 }), 0);
    assert.equal(retryDelayMs({ failures: 1, fraction: 0.5 }), 2.5 * secondMs);
  });

  test('sphere 79: Retry-After is honoured, and capped at 6 h', () => {
    assert.equal(retryDelayMs({ failures: 1, fraction: 0, retryAfterSeconds: 60 }), 60 * secondMs);
    assert.equal(retryDelayMs({ failures: 9, fraction: 1, retryAfterSeconds: 6 * 3600 }), 6 * hourMs);
    assert.equal(retryDelayMs({ failures: 1, fraction: 0, retryAfterSeconds: 7 * 3600 }), 6 * hourMs);
    assert.equal(retryDelayMs({ failures: 1, fraction: 0, retryAfterSeconds: 999_999_999 }), 6 * hourMs);
  });

  test('renewal is due 16 h after issue, give or take a tenth', () => {
    assert.equal(renewalDelayMs(0), 14.4 * hourMs);
    assert.equal(renewalDelayMs(0.5), 16 * hourMs);
    assert.ok(renewalDelayMs(0.999_999) < 17.6 * hourMs);
  });
});
