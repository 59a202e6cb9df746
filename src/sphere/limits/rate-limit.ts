import type { Clock } from '#base/clock.ts';
import { ExpiringMap } from '#base/expiring-map.ts';

/** `count` events per `perMs`, of which `burst` may come at once. */
export type Rate = { readonly count: number; readonly perMs: number; readonly burst: number };

/**
 * A token bucket per key, kept as one number: the time at which the bucket would be full again
 * (generic cell rate algorithm). In memory and per process; the number of keys is bounded, the
 * oldest being forgotten first.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #fullAt: ExpiringMap<string, number>;

  constructor(clock: Clock, rate: Rate, keysMax: number) {
    this.#clock = clock;
    this.#intervalMs = rate.perMs / rate.count;
    this.#toleranceMs = this.#intervalMs * (rate.burst - 1);
    this.#fullAt = new ExpiringMap(clock, { lifeMs: this.#intervalMs * rate.burst, sizeMax: keysMax });
  }

  /** Milliseconds until one more is allowed for `key`; 0 when it is now. Counts nothing. */
  waitMs(key: string): number {
    const now = this.#clock.monotonic();
    return Math.max(0, (this.#fullAt.get(key) ?? now) - now - this.#toleranceMs);
  }

  /** As `waitMs`, and counts one when it is allowed. */
  take(key: string): number {
    const waitMs = this.waitMs(key);
    if (waitMs === 0) {
      const now = this.#clock.monotonic();
      this.#fullAt.set(key, Math.max(now, this.#fullAt.get(key) ?? now) + this.#intervalMs);
    }
    return waitMs;
  }
}
