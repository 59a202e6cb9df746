import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteMs } from '#base/instant.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { addressScope } from './address-scope.ts';
import { RateLimit } from './rate-limit.ts';

test('a burst is allowed at once, then the rate', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, { count: 6, perMs: minuteMs, burst: 3 }, 10);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limit.take('a')),
    [0, 0, 0, 10_000],
  );
  clock.advance(9_999);
  assert.equal(limit.take('a'), 1);
  clock.advance(1);
  assert.deepEqual([limit.take('a'), limit.take('a')], [0, 10_000]);
});

test('a refused attempt and a look cost nothing', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, { count: 1, perMs: 1000, burst: 1 }, 10);
  limit.take('a');
  for (let i = 0; i < 50; i++) assert.equal(limit.take('a'), 1000);
  clock.advance(1000);
  for (let i = 0; i < 5; i++) assert.equal(limit.waitMs('a'), 0);
  assert.equal(limit.take('a'), 0);
});

test('the whole burst is back after a rest, and never more', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, { count: 60, perMs: minuteMs, burst: 5 }, 10);
  for (let i = 0; i < 5; i++) limit.take('a');
  clock.advance(10 * minuteMs);
  assert.equal(Array.from({ length: 10 }, () => limit.take('a')).filter((waitMs) => waitMs === 0).length, 5);
});

test('keys are apart, and the number remembered is bounded', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, { count: 1, perMs: minuteMs, burst: 1 }, 2);
  assert.deepEqual(
    ['a', 'b'].map((key) => limit.take(key)),
    [0, 0],
  );
  assert.ok(limit.take('a') > 0 && limit.take('b') > 0);
  limit.take('c');
  assert.equal(limit.waitMs('a'), 0, 'the oldest is forgotten first');
  assert.ok(limit.waitMs('b') > 0);
});

test('the wall clock does not matter to limits', () => {
  const clock = new ManualClock();
  const limit = new RateLimit(clock, { count: 1, perMs: minuteMs, burst: 1 }, 2);
  limit.take('a');
  clock.setWallClock((clock.now() + 100 * minuteMs) as never);
  assert.equal(limit.take('a'), minuteMs);
});

test('an IPv6 subscriber counts as one /64, an IPv4 address as itself', () => {
  assert.equal(addressScope('192.0.2.7'), '192.0.2.7');
  assert.equal(addressScope('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(addressScope('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(addressScope('2001:db8:1:2::1'), '2001:db8:1:2::/64');
  assert.equal(addressScope('2001:0DB8:0001:0002::ffff'), '2001:db8:1:2::/64');
  assert.equal(addressScope('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(addressScope('::1'), '0:0:0:0::/64');
  assert.equal(addressScope('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.notEqual(addressScope('2001:db8:1:3::1'), addressScope('2001:db8:1:2::1'));
});
