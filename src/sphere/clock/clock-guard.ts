import type { Cancel } from '#base/clock.ts';
import { formatInstant, type Instant, instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { isClockBehind } from '#trust/attest-sphere.ts';
import { loadClockMark, raiseClockMark } from './clock-store.ts';

/**
 * Remembers the highest time at which anything was issued (sphere.md 3.9). A wall clock that falls
 * behind it would bring expired certificates back to life, so nothing is issued and time stands at
 * the mark until the clock has caught up.
 */
export class ClockGuard {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #listeners = new Set<(at: Instant) => void>();
  #isAlarmed = false;

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#database = database;
  }

  async loadMark(): Promise<Instant> {
    const mark = instant(await loadClockMark(this.#database));
    this.#tell(mark);
    const isBehind = isClockBehind(this.#platform.clock.now(), mark);
    // Said once when it begins and once when it ends, not at every request in between.
    if (isBehind !== this.#isAlarmed) {
      this.#platform.log[isBehind ? 'error' : 'info'](isBehind ? 'clock.behind' : 'clock.recovered', {
        mark: formatInstant(mark),
      });
      this.#isAlarmed = isBehind;
    }
    return mark;
  }

  /** The time to judge by: the wall clock, or the mark where the clock is behind it. */
  async trustedNow(): Promise<Instant> {
    return instant(Math.max(await this.loadMark(), this.#platform.clock.now()));
  }

  /** Throws Problem `unavailable`, reason `clock-guard`. */
  async requireClock(): Promise<void> {
    if (!isClockBehind(this.#platform.clock.now(), await this.loadMark())) return;
    throw new Problem(
      'unavailable',
      "The server's clock is behind the time at which it last issued something; nothing is issued until it is right.",
      {
        reason: 'clock-guard',
      },
    );
  }

  /** To be called in the transaction that records an issue at `at`. */
  raise(transaction: Database, at: Instant): Promise<void> {
    this.#tell(at);
    return raiseClockMark(transaction, at);
  }

  /** Calls `listener` with each instant that time is known to have reached. */
  onMark(listener: (at: Instant) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(at: Instant): void {
    for (const listener of this.#listeners) listener(at);
  }
}
