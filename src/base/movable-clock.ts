import { setImmediate } from 'node:timers/promises';
import { CalendarTimers } from './calendar-timers.ts';
import { type CalendarClock, type Clock, pause } from './clock.ts';
import { hourMs, type Instant, instant, minuteMs, plus } from './instant.ts';

/** The longest way in one step: what waits for a moment in it is called at that moment, once, and in order. */
const stepMsMax = hourMs;
/** How often a running clock moves on. */
const tickMs = 20;
/** A machine that slept does not make a running clock jump. */
const tickMsMax = 250;
/** Real time that a step waits for what it set off. */
const settleMsMax = 10_000;

export type ClockMotion =
  | { readonly kind: 'still' }
  | { readonly kind: 'moving'; readonly until: Instant }
  | { readonly kind: 'running'; readonly speed: number; readonly until: Instant | undefined };

export type MovableClockOptions = {
  /** How far it is ahead of the real one. */
  readonly offsetMs: number;
  /** Awaited before the clock goes where it would be ahead by more than what was kept before. */
  keep(offsetMs: number): Promise<void>;
};

/**
 * A wall clock that can be moved, forward only. While it moves it goes in steps of at most an hour and stands
 * still in between, so that what its timers set off can be done, and sockets be read, before it is later. A
 * timer that arms itself anew is called at most once per step: a year of minutes is nine thousand calls.
 */
export class MovableClock implements Clock {
  readonly calendar: CalendarClock;
  readonly #real: Clock;
  readonly #keep: MovableClockOptions['keep'];
  readonly #timers = new CalendarTimers();
  #offsetMs: number;
  /** How far its spans are ahead of the real ones; unlike the offset it knows nothing of a corrected real clock. */
  #leaptMs = 0;
  /** Where it stands while it moves. */
  #standing: { at: Instant; elapsed: number } | undefined;
  #motion: ClockMotion = { kind: 'still' };
  #stopAsked = false;
  #wake = () => {};

  constructor(real: Clock, { offsetMs, keep }: MovableClockOptions) {
    this.#real = real;
    this.#offsetMs = offsetMs;
    this.#keep = keep;
    const calendar: CalendarClock = {
      now: () => this.now(),
      monotonic: () => this.#elapsed(),
      after: (ms, run) => {
        const cancel = this.#timers.add(this.#elapsed() + Math.max(0, ms), run);
        this.#arm();
        return cancel;
      },
      get calendar() {
        return calendar;
      },
    };
    this.calendar = calendar;
  }

  now(): Instant {
    // Whole milliseconds, as every other clock: where it stands comes from spans that have fractions.
    return instant(Math.floor(this.#standing?.at ?? this.#real.now() + this.#offsetMs));
  }

  monotonic(): number {
    return this.#real.monotonic();
  }

  after(ms: number, run: () => void) {
    return this.#real.after(ms, run);
  }

  /** How far it is ahead of the real clock. */
  get offsetMs(): number {
    return this.now() - this.#real.now();
  }

  get motion(): ClockMotion {
    return this.#motion;
  }

  /**
   * Goes to `target`, which lies ahead; resolves there, or where `stop` held it. The caller sees to it that it stands
   * still. In one step, what was due on the way is set off together, as in a machine that slept.
   */
  async moveTo(target: Instant, { inOneStep = false } = {}): Promise<void> {
    await this.#travel({ kind: 'moving', until: target }, async () => {
      await this.#keepUpTo(target);
      await this.#walk(target, inOneStep ? Number.POSITIVE_INFINITY : stepMsMax);
    });
  }

  /** Goes on `speed` times as fast, or as fast as it can; resolves at `until`, or when it is stopped. */
  async run(speed: number, until?: Instant): Promise<void> {
    await this.#travel({ kind: 'running', speed, until }, async () => {
      let kept = this.now();
      let last = this.#real.monotonic();
      while (!this.#stopAsked && (until === undefined || this.now() < until)) {
        await pause(this.#real, tickMs);
        const present = this.#real.monotonic();
        const ahead = plus(this.now(), Math.max(1, Math.floor(Math.min(present - last, tickMsMax) * speed)));
        last = present;
        const target = until !== undefined && ahead > until ? until : ahead;
        if (target > kept) {
          // A second's way at once: a sync for every tick would keep the disk busy.
          kept = plus(target, Math.max(1_000 * speed, minuteMs));
          if (until !== undefined && kept > until) kept = until;
          await this.#keepUpTo(kept);
        }
        await this.#walk(target);
      }
    });
  }

  /** Ends a motion at its next step; `moveTo` or `run` resolves then. */
  stop(): void {
    this.#stopAsked = true;
  }

  async #travel(motion: ClockMotion, go: () => Promise<void>): Promise<void> {
    this.#wake();
    this.#motion = motion;
    this.#stopAsked = false;
    this.#standing = { at: this.now(), elapsed: this.#elapsed() };
    try {
      await go();
    } finally {
      const { at, elapsed } = this.#standing;
      this.#offsetMs = at - this.#real.now();
      this.#leaptMs = elapsed - this.#real.monotonic();
      this.#standing = undefined;
      this.#motion = { kind: 'still' };
      this.#arm();
    }
    await this.#keep(this.#offsetMs);
  }

  #keepUpTo(at: Instant): Promise<void> {
    return this.#keep(at - this.#real.now());
  }

  async #walk(target: Instant, stepMs = stepMsMax): Promise<void> {
    for (let left = target - this.now(); left > 0 && !this.#stopAsked; left = target - this.now()) {
      await this.#step(Math.min(left, stepMs));
    }
  }

  async #step(ms: number): Promise<void> {
    const from = this.#standing ?? { at: this.now(), elapsed: this.#elapsed() };
    const end = { at: instant(from.at + ms), elapsed: from.elapsed + ms };
    const underWay: Promise<unknown>[] = [];
    for (const timer of this.#timers.takeDue(end.elapsed)) {
      const passed = Math.max(0, timer.due - from.elapsed);
      this.#standing = { at: plus(from.at, passed), elapsed: from.elapsed + passed };
      const work = timer.call();
      if (work instanceof Promise) underWay.push(work);
    }
    this.#standing = end;
    if (underWay.length > 0) await this.#settle(underWay);
    await setImmediate();
  }

  async #settle(underWay: readonly Promise<unknown>[]): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#real.after(settleMsMax, resolve);
    await Promise.race([Promise.allSettled(underWay), late]);
    cancel();
  }

  #elapsed(): number {
    return this.#standing?.elapsed ?? this.#real.monotonic() + this.#leaptMs;
  }

  /** While it moves, the steps call what falls due. */
  #arm(): void {
    this.#wake();
    const due = this.#timers.nextDue;
    if (due === undefined || this.#standing) return;
    this.#wake = this.#real.after(due - this.#elapsed(), () => {
      for (const timer of this.#timers.takeDue(this.#elapsed())) timer.call();
      this.#arm();
    });
  }
}
