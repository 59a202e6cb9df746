import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { EventLog } from '../events/event-log.ts';
import type { HealthStatus } from './destination.ts';
import { deadAfterMs, retryMs } from './limits.ts';

/** Takes events of the log to where they belong. */
export type Carrier = {
  /** How long it waits for more once something comes after a quiet time, or each time where it is periodic. */
  readonly gatherMs: number;
  readonly isPeriodic: boolean;
  /**
   * Delivers what is at `from` and a little more, and answers where to go on. `reached` is told of each position before which
   * everything is delivered. Throws what keeps it from going on: then it is asked again, from what was reached.
   */
  carry(from: number, reached: (position: number) => void): Promise<number>;
  close(): void;
};

export type DeliveryOptions = {
  readonly platform: Platform;
  readonly name: string;
  readonly events: Pick<EventLog, 'start' | 'end' | 'onBatchDurable'>;
  readonly carrier: Carrier;
  readonly position: number;
  savePosition(position: number): Promise<void>;
};

export type DeliveryHealth = {
  readonly status: HealthStatus;
  readonly lastAttemptAt?: Instant;
  readonly lastSuccessAt?: Instant;
  readonly lastError?: string;
  readonly lastErrorAt?: Instant;
  /** Bytes of the log that it has not come to yet. */
  readonly behindBytes: number;
  /** The log no longer had what was to be delivered: the destination was away longer than events are kept. */
  readonly hasLostEvents: boolean;
};

/** How often the place is written down while nothing was for this destination. */
const idleSaveMs = 10_000;
/** A call that is under way when the hub stops is not waited for longer. What it delivered may come again. */
const stopMsMax = 2_000;

/**
 * The way of one destination through the log: at least once, in order. Its position moves when what is before it was delivered,
 * so that a destination that is away loses nothing that the log keeps, and holds up nobody else.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #cancelListener: Cancel;
  #position: number;
  #savedPosition: number;
  #savedMs: number;
  #isStopped = false;
  /** It waits for something to come. */
  #isWaiting = false;
  /** It failed, and has not come to the end of what waited meanwhile. */
  #isRecovering = false;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;
  #failures = 0;
  #lastAttemptAt: Instant | undefined;
  #lastSuccessAt: Instant | undefined;
  #failingSince: Instant | undefined;
  #lastError: { readonly text: string; readonly at: Instant } | undefined;
  #hasLostEvents = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#position = options.position;
    this.#savedPosition = options.position;
    this.#savedMs = options.platform.clock.monotonic();
    this.#cancelListener = options.events.onBatchDurable(() => this.#arrived());
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends what is under way; what was not delivered is, after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelListener();
    this.#options.carrier.close();
    this.#wake();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.platform.clock.after(stopMsMax, resolve);
    await Promise.race([this.#running, late]);
    cancel();
  }

  /** Tries again now, and not only when it is time. */
  hurry(): void {
    this.#wake();
  }

  get position(): number {
    return this.#position;
  }

  get health(): DeliveryHealth {
    const behindBytes = Math.max(0, this.#options.events.end - this.#position);
    return {
      status: this.#status(),
      ...(this.#lastAttemptAt !== undefined && { lastAttemptAt: this.#lastAttemptAt }),
      ...(this.#lastSuccessAt !== undefined && { lastSuccessAt: this.#lastSuccessAt }),
      ...(this.#lastError && { lastError: this.#lastError.text, lastErrorAt: this.#lastError.at }),
      behindBytes,
      hasLostEvents: this.#hasLostEvents,
    };
  }

  #status(): HealthStatus {
    const now = this.#options.platform.clock.now();
    if (this.#failingSince !== undefined) return now - this.#failingSince >= deadAfterMs ? 'dead' : 'unhealthy';
    if (this.#lastSuccessAt === undefined) return 'unknown';
    return this.#isRecovering ? 'degraded' : 'healthy';
  }

  #arrived(): void {
    if (this.#isWaiting) this.#wake();
  }

  async #run(): Promise<void> {
    const { events, carrier, platform, name } = this.#options;
    let isAfterQuiet = true;
    while (!this.#isStopped) {
      if (this.#position < events.start) {
        platform.log.error('route.events-lost', { destination: name, from: this.#position, to: events.start });
        this.#hasLostEvents = true;
        this.#position = events.start;
      }
      if (this.#position >= events.end) {
        this.#isRecovering = false;
        await this.#save(idleSaveMs);
        if (this.#position >= events.end && !this.#isStopped) await this.#sleep(undefined);
        isAfterQuiet = true;
        continue;
      }
      if (isAfterQuiet || carrier.isPeriodic) await this.#sleep(carrier.gatherMs);
      isAfterQuiet = false;
      if (this.#isStopped) break;
      await this.#step();
    }
    await this.#save(0);
  }

  async #step(): Promise<void> {
    const { carrier, platform, name } = this.#options;
    const before = this.#position;
    let hasDelivered = false;
    try {
      const next = await carrier.carry(before, (position) => {
        this.#position = position;
        this.#succeeded();
        hasDelivered = true;
      });
      this.#position = Math.max(this.#position, next);
      await this.#save(hasDelivered ? 0 : idleSaveMs);
    } catch (error) {
      if (this.#isStopped) return;
      if (this.#position > before) await this.#save(0);
      const { message } = asProblem(error);
      const at = platform.clock.now();
      this.#lastAttemptAt = at;
      this.#failingSince ??= at;
      this.#lastError = { text: message, at };
      this.#failures += 1;
      this.#isRecovering = true;
      platform.log.warn('route.undelivered', { destination: name, attempt: this.#failures, error: message });
      const { first, last } = retryMs;
      const ms = Math.min(last, first * 2 ** Math.min(30, this.#failures - 1));
      await this.#sleep(ms / 2 + (platform.random.fraction() * ms) / 2);
    }
  }

  #succeeded(): void {
    const at = this.#options.platform.clock.now();
    this.#lastAttemptAt = at;
    this.#lastSuccessAt = at;
    this.#failingSince = undefined;
    this.#failures = 0;
  }

  /** Not more often than every `ms`. A position that could not be written is written later: events may then come again. */
  async #save(ms: number): Promise<void> {
    const { platform, name, savePosition } = this.#options;
    const nowMs = platform.clock.monotonic();
    const position = this.#position;
    if (position === this.#savedPosition || (ms > 0 && nowMs - this.#savedMs < ms)) return;
    this.#savedMs = nowMs;
    try {
      await savePosition(position);
      this.#savedPosition = position;
    } catch (error) {
      platform.log.warn('route.position-unwritten', { destination: name, error: String(error) });
    }
  }

  /** Until then, or until it is woken; without a time, until something comes. */
  #sleep(ms: number | undefined): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = ms === undefined ? undefined : this.#options.platform.clock.after(ms, () => this.#wake());
      this.#isWaiting = ms === undefined;
      this.#wake = () => {
        cancel?.();
        this.#isWaiting = false;
        this.#wake = () => {};
        resolve();
      };
    });
  }
}
