import type { CalendarClock, Cancel } from '#base/clock.ts';
import { type Instant, instant } from '#base/instant.ts';

type Entry = { due: number; run: () => void };

/** A clock that stands still until a test moves it. Timers fire in the order they fall due, inside `advance`. */
export class ManualClock implements CalendarClock {
  #now: number;
  #elapsed = 0;
  #entries: Entry[] = [];

  constructor(start = Date.UTC(2026, 5, 1)) {
    this.#now = start;
  }

  now(): Instant {
    return instant(this.#now);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  get calendar(): CalendarClock {
    return this;
  }

  after(ms: number, run: () => void): Cancel {
    const entry = { due: this.#elapsed + Math.max(0, ms), run };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  /** Moves time forward by `ms`, firing what falls due on the way. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = this.#entries.filter((entry) => entry.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#entries = this.#entries.filter((entry) => entry !== next);
      this.#step(next.due - this.#elapsed);
      next.run();
    }
    this.#step(end - this.#elapsed);
  }

  /** Sets the wall clock alone, as an operator or NTP would: timers do not notice. */
  setWallClock(at: Instant): void {
    this.#now = at;
  }

  #step(ms: number): void {
    this.#elapsed += ms;
    this.#now += ms;
  }
}
