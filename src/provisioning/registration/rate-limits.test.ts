import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { noRateLimits, RateLimits } from './rate-limits.ts';

const throttled = (seconds: number) => (error: unknown) =>
  error instanceof Problem && error.code === 'throttled' && error.retryAfterSeconds === seconds;

test('without limits nobody is throttled', () => {
  const limits = new RateLimits(new ManualClock(), noRateLimits);
  for (let i = 0; i < 10_000; i++) {
    limits.countRegistration();
    limits.countOperation();
    limits.countPoll('dev1');
  }
});

test('five polls in ten seconds, then one every two, each device for itself and in any case', () => {
  const clock = new ManualClock();
  const limits = new RateLimits(clock, { ...noRateLimits, pollsPerTenSeconds: 5 });
  for (let i = 0; i < 5; i++) limits.countPoll(i % 2 ? 'dev1' : 'DEV1');
  assert.throws(() => limits.countPoll('dev1'), throttled(2));
  limits.countPoll('dev2');
  clock.advance(1_500);
  assert.throws(() => limits.countPoll('dev1'), throttled(1));
  clock.advance(500);
  limits.countPoll('dev1');
  assert.throws(() => limits.countPoll('dev1'), throttled(2));
  clock.advance(60 * secondMs);
  for (let i = 0; i < 5; i++) limits.countPoll('dev1');
  assert.throws(() => limits.countPoll('dev1'), throttled(2));
});

test('registrations and operations are counted over all, each for itself', () => {
  const clock = new ManualClock();
  const limits = new RateLimits(clock, { ...noRateLimits, registrationsPerMinute: 2, operationsPerMinute: 1 });
  limits.countRegistration();
  limits.countRegistration();
  assert.throws(() => limits.countRegistration(), throttled(30));
  limits.countOperation();
  assert.throws(() => limits.countOperation(), throttled(60));
  clock.advance(30 * secondMs);
  limits.countRegistration();
});
