import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { pause, systemClock } from './clock.ts';
import { dayMs } from './instant.ts';
import { randomToken, systemRandom } from './random.ts';

test('the system’s clock tells the time, and its monotonic one never runs backwards', () => {
  const before = systemClock.monotonic();
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1_000);
  assert.ok(systemClock.monotonic() >= before);
});

test('a call is made once, and not when it was cancelled in time', async () => {
  const calls: string[] = [];
  const cancel = systemClock.after(0, () => calls.push('cancelled'));
  systemClock.after(0, () => calls.push('made'));
  systemClock.after(40 * dayMs, () => calls.push('too early'));
  cancel();
  cancel();
  // The clock's own timers do not keep the process alive; this one does.
  await Promise.race([wait(2_000), pause(systemClock, 5)]);
  assert.deepEqual(calls, ['made']);
});

test('a wait that is longer than a timer holds is made of several', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const begin = performance.now();
  let passedMs = 0;
  t.mock.method(performance, 'now', () => begin + passedMs);
  const pass = (ms: number) => {
    passedMs += ms;
    t.mock.timers.tick(ms);
  };
  const calls: string[] = [];
  systemClock.after(60 * dayMs, () => calls.push('fired'));
  const cancel = systemClock.after(61 * dayMs, () => calls.push('cancelled'));
  for (let day = 0; day < 59; day++) pass(dayMs);
  assert.deepEqual(calls, []);
  cancel();
  pass(dayMs);
  pass(dayMs);
  assert.deepEqual(calls, ['fired']);
});

test('chance gives what is asked for, and not twice', () => {
  assert.equal(systemRandom.bytes(16).length, 16);
  assert.notDeepEqual(systemRandom.bytes(16), systemRandom.bytes(16));
  assert.match(systemRandom.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (let i = 0; i < 100; i++) {
    const fraction = systemRandom.fraction();
    assert.ok(fraction >= 0 && fraction < 1);
  }
});

test('a token of random bytes fits into a URL', () => {
  assert.match(randomToken(systemRandom, 32), /^[A-Za-z0-9_-]{43}$/);
});
