import { type Instant, instant } from './instant.ts';

/** Stops what `after` scheduled; calling it twice, or too late, does nothing. */
export type Cancel = () => void;

/**
 * The only door to time. Production uses systemClock, a development directory a MovableClock
 * (movable-clock.ts); tests move a ManualClock (test/support/manual-clock.ts), so certificates and tokens
 * expire without anybody waiting.
 *
 * `monotonic` and `after` measure real time whatever the wall clock says: what a peer may take to answer, how long a
 * batch waits. What happens on a day, such as a renewal or a clean-up, and what may happen so often in a day,
 * is for `calendar`.
 */
export interface Clock {
  /** Wall clock. */
  now(): Instant;
  /** How far the wall clock is ahead of the real one; absent where it is the real one. */
  readonly offsetMs?: number;
  /** Milliseconds that never run backwards, for measuring. */
  monotonic(): number;
  /** Calls `run` once, `ms` milliseconds from now. A pending call does not keep the process alive. */
  after(ms: number, run: () => void): Cancel;
  /**
   * The same, in spans that pass as the wall clock is moved. Who moves it waits, for a while, for the promise that a
   * `run` returns: work that began before a moment is done before the next.
   */
  readonly calendar: CalendarClock;
}

export interface CalendarClock extends Clock {
  after(ms: number, run: () => unknown): Cancel;
}

/** setTimeout holds 31 bits, and fires at once when it is given more: a longer wait is made of several. */
const delayMsMax = 2 ** 31 - 1;

export const systemClock: CalendarClock = {
  now: () => instant(Date.now()),
  monotonic: () => performance.now(),
  after(ms, run) {
    const due = performance.now() + ms;
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      timer =
        left > delayMsMax ? setTimeout(() => wait(due - performance.now()), delayMsMax) : setTimeout(run, Math.max(0, left));
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
  get calendar() {
    return systemClock;
  },
};

/** Resolves `ms` milliseconds from now on `clock`. Product code that waits for an event should subscribe instead. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
