import type { Clock } from '#base/clock.ts';
import { dayMs, formatInstant, type Instant, plus } from '#base/instant.ts';
import type { Log } from '#base/log.ts';
import type { MovableClock } from '#base/movable-clock.ts';
import { Problem } from '#base/problem.ts';

/** What `homeport clock --json` prints. */
export type ClockState = {
  /** Whether the data directory was made with --development: only then the clock can be moved. */
  isDevelopment: boolean;
  now: string;
  realNow: string;
  /** How far `now` is ahead. */
  aheadMs: number;
  motion: 'still' | 'moving' | 'running';
  speed?: number;
  until?: string;
  /** What it means for others while it is ahead. */
  warning?: string;
};

/** Certificates and printed dates have four digits of year for much longer than that. */
const wayMsMax = 36_525 * dayMs;
export const clockSpeedMax = 10_000_000;
/** Less than what a real clock is corrected by is not called moved. */
const movedMsMin = 1_000;

/** The one place where the server's clock is moved, and where is said how it stands. */
export class ClockControl {
  readonly #real: Clock;
  readonly #log: Log;
  readonly #movable: MovableClock | undefined;
  #motion: Promise<void> = Promise.resolve();
  #isMoving = false;

  constructor(real: Clock, log: Log, movable: MovableClock | undefined) {
    this.#real = real;
    this.#log = log;
    this.#movable = movable;
  }

  describe(): ClockState {
    const clock = this.#movable ?? this.#real;
    const aheadMs = Math.round(this.#movable?.offsetMs ?? 0);
    const motion = this.#movable?.motion ?? { kind: 'still' };
    const until = motion.kind === 'still' ? undefined : motion.until;
    const isMoved = Math.abs(aheadMs) >= movedMsMin || motion.kind !== 'still';
    return {
      isDevelopment: this.#movable !== undefined,
      now: formatInstant(clock.now()),
      realNow: formatInstant(this.#real.now()),
      aheadMs,
      motion: motion.kind,
      ...(motion.kind === 'running' && { speed: motion.speed }),
      ...(until !== undefined && { until: formatInstant(until) }),
      ...(isMoved && { warning: movedWarning }),
    };
  }

  /** Resolves when the clock is there. Throws Problem `conflict` or `argument-invalid`. */
  async advance(ms: number): Promise<void> {
    if (!(ms > 0)) throw new Problem('argument-invalid', 'The clock goes forward only: the span must be more than nothing.');
    const movable = this.#require();
    await this.#moveTo(movable, plus(movable.now(), ms));
  }

  /** Likewise. */
  async set(at: Instant): Promise<void> {
    await this.#moveTo(this.#require(), at);
  }

  /** Begins; resolves at once. Throws likewise. */
  run(speed: number, until: Instant | undefined): void {
    const movable = this.#require();
    if (!(speed > 1 && speed <= clockSpeedMax)) {
      throw new Problem('argument-invalid', `The speed must be more than 1 and at most ${clockSpeedMax}.`);
    }
    if (until !== undefined) checkAhead(movable.now(), until);
    this.#log.warn('clock.running', { speed, ...(until !== undefined && { until: formatInstant(until) }) });
    void this.#begin(movable.run(speed, until)).catch((error: unknown) => {
      this.#log.error('clock.stopped', { error: String(error), now: formatInstant(movable.now()) });
    });
  }

  /** Resolves when it stands. Stopping one that stands changes nothing. */
  async stop(): Promise<void> {
    this.#movable?.stop();
    await this.#motion.catch(() => undefined);
  }

  async #moveTo(movable: MovableClock, at: Instant): Promise<void> {
    checkAhead(movable.now(), at);
    this.#log.warn('clock.moving', { from: formatInstant(movable.now()), to: formatInstant(at) });
    await this.#begin(movable.moveTo(at));
    this.#log.warn('clock.moved', { now: formatInstant(movable.now()) });
  }

  #begin(motion: Promise<void>): Promise<void> {
    this.#isMoving = true;
    this.#motion = motion.finally(() => {
      this.#isMoving = false;
    });
    return this.#motion;
  }

  #require(): MovableClock {
    if (!this.#movable) {
      throw new Problem('conflict', 'The clock of this data directory cannot be moved.', {
        reason: 'It was not made with: homeport start --development',
      });
    }
    if (this.#isMoving) {
      throw new Problem('conflict', 'The clock is moving already.', { reason: 'Wait for it, or: homeport clock stop' });
    }
    return this.#movable;
  }
}

const movedWarning =
  'The clock is moved. Devices and services that keep real time are refused wherever a certificate or a token begins or ends in between; the server’s own TLS certificate stays on real time.';

function checkAhead(now: Instant, at: Instant): void {
  if (at <= now) {
    throw new Problem(
      'argument-invalid',
      `The clock shows ${formatInstant(now)} and goes forward only: ${formatInstant(at)} is not later.`,
    );
  }
  if (at - now > wayMsMax) throw new Problem('argument-invalid', 'The clock goes at most a hundred years at a time.');
}
