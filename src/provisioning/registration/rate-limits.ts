import type { Clock } from '#base/clock.ts';
import { ExpiringMap } from '#base/expiring-map.ts';
import { minuteMs, secondMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';

/** dps-device-protocol.md 11, under the service's own names. 0: no limit. */
export type RateSettings = {
  /** Of all devices together. */
  readonly registrationsPerMinute: number;
  /** Of one device. */
  readonly pollsPerTenSeconds: number;
  /** Calls of back ends, all together. */
  readonly operationsPerMinute: number;
};

export const noRateLimits: RateSettings = { registrationsPerMinute: 0, pollsPerTenSeconds: 0, operationsPerMinute: 0 };

/** Devices whose polls are counted at a time; of more than that the oldest count is forgotten. */
const polledMax = 100_000;

/** Throttling as the service does it. Only who proved who they are is counted, or a stranger could use the limit up. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #settings: RateSettings;
  readonly #registrations: Allowance;
  readonly #operations: Allowance;
  readonly #polls: ExpiringMap<string, Allowance>;

  constructor(clock: Clock, settings: RateSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#registrations = new Allowance(clock, settings.registrationsPerMinute, minuteMs);
    this.#operations = new Allowance(clock, settings.operationsPerMinute, minuteMs);
    this.#polls = new ExpiringMap(clock, { lifeMs: 20 * secondMs, sizeMax: polledMax });
  }

  /** Throws Problem `throttled`, as the others do. */
  countRegistration(): void {
    this.#registrations.take('Too many devices register at once.');
  }

  countOperation(): void {
    this.#operations.take('Too many service operations at once.');
  }

  countPoll(registrationId: string): void {
    if (this.#settings.pollsPerTenSeconds === 0) return;
    const key = registrationId.toLowerCase();
    const allowance = this.#polls.get(key) ?? new Allowance(this.#clock, this.#settings.pollsPerTenSeconds, 10 * secondMs);
    this.#polls.set(key, allowance);
    allowance.take('The device polls too often.');
  }
}

/** So many in a period, at once or spread; what was used comes back bit by bit. */
class Allowance {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #msEach: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, most: number, periodMs: number) {
    this.#clock = clock;
    this.#most = most;
    this.#msEach = periodMs / Math.max(1, most);
    this.#left = most;
    this.#at = clock.monotonic();
  }

  take(detail: string): void {
    if (this.#most === 0) return;
    const now = this.#clock.monotonic();
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) / this.#msEach);
    this.#at = now;
    if (this.#left < 1) {
      const retryAfterSeconds = Math.max(1, Math.ceil(((1 - this.#left) * this.#msEach) / secondMs));
      throw new Problem('throttled', detail, { retryAfterSeconds });
    }
    this.#left -= 1;
  }
}
