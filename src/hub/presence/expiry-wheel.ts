import type { Cancel, Clock } from '#base/clock.ts';
import { type Instant, secondMs } from '#base/instant.ts';

/** How often the wheel turns; with the width of a slot it bounds how late an entry falls due: 40 s (sphere.md 8.46 allows 60). */
const turnMs = 20 * secondMs;
const slotMs = 20 * secondMs;

/**
 * Calls back for entries whose time has come, some seconds late, with one timer for all of them.
 * Looks at the wall clock at every turn, so that a corrected clock is noticed at the next.
 */
export class ExpiryWheel<T extends object> {
  readonly #clock: Clock;
  readonly #onExpired: (entry: T) => void;
  readonly #slots = new Map<number, Set<T>>();
  readonly #slotOf = new Map<T, number>();
  #cancel: Cancel | undefined;

  constructor(clock: Clock, onExpired: (entry: T) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  start(): void {
    this.#cancel = this.#clock.calendar.after(turnMs, () => {
      this.start();
      this.#turn();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  add(entry: T, at: Instant): void {
    // The slot ends after `at`: nobody is called before the time.
    const slot = Math.floor(at / slotMs) + 1;
    const entries = this.#slots.get(slot);
    if (entries) entries.add(entry);
    else this.#slots.set(slot, new Set([entry]));
    this.#slotOf.set(entry, slot);
  }

  remove(entry: T): void {
    const slot = this.#slotOf.get(entry);
    if (slot === undefined) return;
    this.#slotOf.delete(entry);
    const entries = this.#slots.get(slot);
    entries?.delete(entry);
    if (entries?.size === 0) this.#slots.delete(slot);
  }

  /** Slots are looked at whole: their number is small beside that of the entries, whose lives differ by hours. */
  #turn(): void {
    const now = this.#clock.now();
    for (const [slot, entries] of [...this.#slots]) {
      if (slot * slotMs > now) continue;
      for (const entry of [...entries]) {
        this.remove(entry);
        this.#onExpired(entry);
      }
    }
  }
}
