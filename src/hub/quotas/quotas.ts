import type { Clock } from '#base/clock.ts';
import { ExpiringMap } from '#base/expiring-map.ts';
import { hourMs, type Instant, minuteMs, secondMs } from '#base/instant.ts';
import { type Metrics, metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { Bucket } from './bucket.ts';
import { Lane } from './lane.ts';
import { type Operation, operations, type QuotaSettings } from './rates.ts';

/** Who asks when a back end does: all of them share the hub's rate as one, and no device's. */
export const backEnds = '';

/** What a device is kept from, although no rate says so. */
type Hold = { readonly until: number; readonly code: 'throttled' | 'quota-exceeded' };

/** How one connection that can be made to wait sends telemetry. */
export type Pace = {
  /** What no message may be taken for at present; undefined: it may. */
  refusal(): Problem | undefined;
  /** Counts a message that was taken, and says how many milliseconds later the next may be. */
  spend(): number;
};

const limits = {
  /** Devices and operations that are counted at a time; beyond it the oldest count is forgotten. */
  lanesMax: 200_000,
  /** A count that nobody added to is forgotten; by then its bucket is full, or as good as that. */
  laneLifeMs: 10 * minuteMs,
  /** What all together may have on credit of a hub's bucket, in time; then everybody is refused. */
  backlogMsMax: 10 * secondMs,
  holdsMax: 10_000,
  holdMsMax: hourMs,
} as const;

/**
 * Throttling of one hub (hub-device-protocol.md 10): token buckets per device and for the hub. What is refused is
 * not counted, so that who tries again in time finds room.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #settings: QuotaSettings;
  readonly #hub = new Map<Operation, Bucket>();
  readonly #lanes: ExpiringMap<string, Lane>;
  readonly #holds: ExpiringMap<string, Hold>;
  readonly #listeners = new Set<(identity: string) => void>();
  /** How long a connection may go on sending above its rate before it ends. */
  readonly patienceMs: number;
  /** Without rates and without holds nothing is looked up. */
  #isActive: boolean;

  constructor(platform: Pick<Platform, 'clock' | 'metrics'>, settings: QuotaSettings) {
    const { clock } = platform;
    this.#clock = clock;
    this.#metrics = metricsOf(platform);
    this.#settings = settings;
    this.patienceMs = settings.patienceMs;
    for (const operation of operations) {
      const rate = settings.hub[operation];
      if (rate) this.#hub.set(operation, new Bucket(rate));
    }
    this.#isActive = this.#hub.size > 0 || Object.keys(settings.device).length > 0;
    this.#lanes = new ExpiringMap(clock, { lifeMs: limits.laneLifeMs, sizeMax: limits.lanesMax });
    this.#holds = new ExpiringMap(clock, { lifeMs: limits.holdMsMax, sizeMax: limits.holdsMax });
  }

  /**
   * Counts one operation of a device or module (its name: identity.ts), or of `backEnds`. `cost` is the number of its
   * messages, or of its meter's steps. Throws Problem `throttled`, or `quota-exceeded`.
   */
  take(operation: Operation, identity: string, cost = 1): void {
    const refusal = this.tryTake(operation, identity, cost);
    if (refusal) throw refusal;
  }

  /** As `take`, for who would not throw. */
  tryTake(operation: Operation, identity: string, cost = 1): Problem | undefined {
    if (!this.#isActive) return undefined;
    const refusal = this.#refusalOf(identity, operation);
    if (refusal) return this.#refused(operation, refusal);
    const key = `${operation} ${identity}`;
    const lane = this.#lane(operation, identity, key);
    if (!lane) return undefined;
    const now = this.#clock.monotonic();
    const waitMs = Math.max(lane.readyAt - now, lane.backlogMs(now) - limits.backlogMsMax);
    if (waitMs > 0) return this.#refused(operation, throttled(waitMs));
    lane.spend(now, cost);
    this.#lanes.set(key, lane);
    return undefined;
  }

  /** A device asks to upload a file. Throws as `take`. */
  fileUploadStart(deviceId: string): void {
    this.take('fileUploads', deviceId);
  }

  /** For a connection, once: how its telemetry is to be paced. Undefined where nothing limits it at present. */
  paceOf(identity: string): Pace | undefined {
    if (!this.#isActive) return undefined;
    const key = `telemetry ${identity}`;
    const lane = this.#lane('telemetry', identity, key);
    if (!lane && !this.#holds.get(identity)) return undefined;
    return {
      refusal: () => this.#refusalOf(identity, 'telemetry'),
      spend: () => {
        if (!lane) return 0;
        const now = this.#clock.monotonic();
        const waitMs = Math.max(0, lane.spend(now, 1) - now);
        if (waitMs > 0) {
          this.#throttled('telemetry');
          this.#lanes.set(key, lane);
        }
        return waitMs;
      },
    };
  }

  /** How long a connection that begins must wait for what its device sent over an earlier one. */
  owedMs(identity: string): number {
    const lane = this.#lanes.get(`telemetry ${identity}`);
    return lane ? Math.max(0, lane.readyAt - this.#clock.monotonic()) : 0;
  }

  /** Refuses everything that a device asks for until then, an hour at most, as if it had asked too often. */
  throttle(identity: string, until: Instant): void {
    this.#hold(identity, until, 'throttled');
  }

  /** Refuses a device's messages until then, an hour at most, as if the day's quota were used up. */
  exhaust(identity: string, until: Instant): void {
    this.#hold(identity, until, 'quota-exceeded');
  }

  /** Calls back with the name of whoever is throttled or has no quota from now on: its connections look again. */
  onHold(listener: (identity: string) => void): void {
    this.#listeners.add(listener);
  }

  #hold(identity: string, until: Instant, code: Hold['code']): void {
    const spanMs = Math.min(until - this.#clock.now(), limits.holdMsMax);
    this.#isActive = true;
    this.#holds.set(identity, { until: this.#clock.monotonic() + spanMs, code });
    for (const listener of this.#listeners) listener(identity);
  }

  #refused(operation: Operation, refusal: Problem): Problem {
    this.#throttled(operation);
    return refusal;
  }

  #throttled(operation: Operation): void {
    this.#metrics.counter('homeport_throttled_total', { operation }).value++;
  }

  #refusalOf(identity: string, operation: Operation): Problem | undefined {
    const hold = this.#holds.get(identity);
    if (!hold) return undefined;
    const leftMs = hold.until - this.#clock.monotonic();
    if (leftMs <= 0) {
      this.#holds.delete(identity);
      return undefined;
    }
    if (hold.code === 'throttled') return throttled(leftMs);
    if (operation !== 'telemetry') return undefined;
    const retryAfterSeconds = Math.ceil(leftMs / secondMs);
    return new Problem('quota-exceeded', 'The quota of messages is used up.', { retryAfterSeconds });
  }

  #lane(operation: Operation, identity: string, key: string): Lane | undefined {
    const hub = this.#hub.get(operation);
    const rate = identity === backEnds ? undefined : this.#settings.device[operation];
    if (!hub && !rate) return undefined;
    const known = this.#lanes.get(key);
    if (known) return known;
    const lane = new Lane(rate && new Bucket(rate), hub);
    this.#lanes.set(key, lane);
    return lane;
  }
}

function throttled(waitMs: number): Problem {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / secondMs));
  return new Problem('throttled', 'Too many requests; try again later.', { retryAfterSeconds });
}
