import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '#test/support/manual-clock.ts';
import { dayMs, hourMs, type Instant, minuteMs, plus } from './instant.ts';
import { MovableClock } from './movable-clock.ts';

function movable(offsetMs = 0) {
  const real = new ManualClock();
  const kept: number[] = [];
  const clock = new MovableClock(real, { offsetMs, keep: async (ms) => void kept.push(ms) });
  return { real, kept, clock };
}

test('what falls due on the way is called at its time and in order, and spans of real time do not notice', async () => {
  const { real, clock } = movable();
  const start = clock.now();
  const seen: [string, number][] = [];
  const note = (name: string) => () => seen.push([name, clock.now() - start]);
  clock.calendar.after(3 * dayMs + 0.5, note('third day'));
  clock.calendar.after(90 * minuteMs, note('ninety minutes'));
  clock.calendar.after(70 * minuteMs, note('seventy minutes'));
  clock.calendar.after(40 * dayMs, note('later'));
  clock.after(minuteMs, note('real minute'));
  const cancel = clock.calendar.after(dayMs, note('cancelled'));
  cancel();
  const before = clock.monotonic();
  await clock.moveTo(plus(start, 30 * dayMs));
  assert.deepEqual(seen, [
    ['seventy minutes', 70 * minuteMs],
    ['ninety minutes', 90 * minuteMs],
    ['third day', 3 * dayMs],
  ]);
  assert.equal(clock.monotonic(), before);
  assert.equal(clock.calendar.monotonic() - before, 30 * dayMs);
  real.advance(minuteMs);
  assert.deepEqual(seen.at(-1), ['real minute', 30 * dayMs + minuteMs]);
  real.advance(10 * dayMs);
  assert.equal(seen.at(-1)?.[0], 'later');
});

test('a year of minutes is called once an hour, and sockets are read in between', async () => {
  const { clock } = movable();
  let calls = 0;
  const again = () => {
    calls++;
    clock.calendar.after(minuteMs, again);
  };
  again();
  let turns = 0;
  let isMoving = true;
  const count = async () => {
    while (isMoving) {
      await setImmediate();
      turns++;
    }
  };
  const counting = count();
  await clock.moveTo(plus(clock.now(), 365 * dayMs));
  isMoving = false;
  await counting;
  assert.equal(calls, 365 * 24 + 1);
  assert.ok(turns > 8_000, `${turns} turns of the event loop`);
});

test('work that a moment set off is done before the next hour', async () => {
  const { clock } = movable();
  const start = clock.now();
  let doneAt: Instant | undefined;
  clock.calendar.after(10 * minuteMs, async () => {
    for (let i = 0; i < 50; i++) await setImmediate();
    doneAt = clock.now();
  });
  await clock.moveTo(plus(start, 5 * hourMs));
  assert.equal(doneAt, start + hourMs);
});

test('in one step, what was due on the way is set off together, and done at its end', async () => {
  const { clock } = movable();
  const start = clock.now();
  const done: number[] = [];
  for (const days of [1, 2, 3]) {
    clock.calendar.after(days * dayMs, async () => {
      await setImmediate();
      done.push(clock.now() - start);
    });
  }
  await clock.moveTo(plus(start, 30 * dayMs), { inOneStep: true });
  assert.deepEqual(done, [30 * dayMs, 30 * dayMs, 30 * dayMs]);
});

test('work that does not end holds the clock up for a while, not for good', async () => {
  const { real, clock } = movable();
  clock.calendar.after(minuteMs, () => new Promise(() => {}));
  const moved = clock.moveTo(plus(clock.now(), hourMs));
  while (clock.motion.kind === 'moving') {
    real.advance(1_000);
    await setImmediate();
  }
  await moved;
});

test('what it may become is kept before it is, and what it became afterwards', async () => {
  const { real, kept, clock } = movable(dayMs);
  assert.equal(clock.now(), real.now() + dayMs);
  await clock.moveTo(plus(clock.now(), hourMs));
  assert.deepEqual(kept, [dayMs + hourMs, dayMs + hourMs]);
});

test('a clock that cannot be kept does not move', async () => {
  const real = new ManualClock();
  const clock = new MovableClock(real, { offsetMs: 0, keep: () => Promise.reject(new Error('disk full')) });
  await assert.rejects(clock.moveTo(plus(clock.now(), dayMs)), /disk full/);
  assert.equal(clock.now(), real.now());
  assert.equal(clock.motion.kind, 'still');
});

test('a running clock passes its seconds faster, up to its end, and never goes where it was not kept', async () => {
  const { real, kept, clock } = movable();
  const start = clock.now();
  const until = plus(start, 10 * dayMs);
  let largest = 0;
  const running = clock.run(864_000, until).then(() => 'ended');
  while (clock.motion.kind === 'running') {
    real.advance(20.3);
    await setImmediate();
    const offset = clock.offsetMs;
    assert.ok(Number.isInteger(clock.now()));
    assert.ok(offset >= largest - 21, 'it never goes back by more than real time passes');
    largest = Math.max(largest, offset);
    assert.ok(offset <= Math.max(0, ...kept) + 21);
  }
  assert.equal(await running, 'ended');
  assert.equal(clock.now(), until);
});

test('a running clock is stopped where it is', async () => {
  const { real, clock } = movable();
  const start = clock.now();
  const running = clock.run(1_000);
  for (let i = 0; i < 10; i++) {
    real.advance(20);
    await setImmediate();
    await setImmediate();
  }
  clock.stop();
  real.advance(20);
  await running;
  const at = clock.now();
  assert.ok(at > plus(start, minuteMs) && at < plus(start, hourMs), `${at - start} ms`);
  real.advance(minuteMs);
  assert.equal(clock.now(), at + minuteMs);
});
