import type { Cancel } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import type { MqttServerSession } from '#wire/mqtt/server-session.ts';
import type { Pace, Quotas } from '../quotas/quotas.ts';

export type MqttPacingOptions = {
  readonly platform: Platform;
  readonly quotas: Pick<Quotas, 'paceOf' | 'owedMs' | 'patienceMs'>;
  readonly identity: string;
  readonly session: Pick<MqttServerSession, 'holdInput' | 'resumeInput'>;
  /** It went on too long, or there is no quota: the connection is to end. */
  readonly close: (cause: 'throttled' | 'quota-exceeded', why: Refusal) => void;
};

/** Who pauses this long after it might have sent has kept to its rate since. */
const pauseMs = secondMs;

/**
 * Makes one MQTT connection send telemetry no faster than it may (hub-device-protocol.md 4.15). What is over the rate
 * stays in its socket, unread and so unacknowledged: nothing is dropped, and nobody else waits. Who goes on like that
 * for longer than the hub is patient is disconnected.
 */
export class MqttPacing {
  readonly #options: MqttPacingOptions;
  readonly #pace: Pace;
  #cancel: Cancel | undefined;
  #freeAt: number;
  #overSince: number;

  private constructor(options: MqttPacingOptions, pace: Pace) {
    this.#options = options;
    this.#pace = pace;
    this.#freeAt = options.platform.clock.monotonic();
    this.#overSince = this.#freeAt;
  }

  /** For a connection that begins, or whose device is held from now on; undefined where nothing limits it, which costs nothing. */
  static of(options: MqttPacingOptions): MqttPacing | undefined {
    const pace = options.quotas.paceOf(options.identity);
    if (!pace) return undefined;
    const pacing = new MqttPacing(options, pace);
    const refusal = pace.refusal();
    const heldMs = refusal?.code === 'throttled' ? (refusal.retryAfterSeconds ?? 0) * secondMs : 0;
    pacing.#wait(Math.max(heldMs, options.quotas.owedMs(options.identity)));
    return pacing;
  }

  /** Whether a message may be taken; otherwise the connection has ended. */
  admits(): boolean {
    const refusal = this.#pace.refusal();
    if (!refusal) return true;
    this.#options.close(
      refusal.code === 'throttled' ? 'throttled' : 'quota-exceeded',
      refuse('rate-limited', refusal.message).refusal,
    );
    return false;
  }

  /** A message was taken. */
  taken(): void {
    const now = this.#options.platform.clock.monotonic();
    if (now - this.#freeAt >= pauseMs) this.#overSince = now;
    const waitMs = this.#pace.spend();
    if (waitMs === 0) {
      this.#freeAt = now;
      this.#overSince = now;
    } else if (now - this.#overSince > this.#options.quotas.patienceMs) {
      this.#options.close('throttled', refuse('rate-limited', 'It sent more than it may for too long.').refusal);
    } else this.#wait(waitMs);
  }

  end(): void {
    this.#cancel?.();
  }

  #wait(ms: number): void {
    if (ms <= 0) return;
    const { platform, session } = this.#options;
    this.#cancel?.();
    this.#freeAt = platform.clock.monotonic() + ms;
    session.holdInput();
    this.#cancel = platform.clock.after(ms, () => session.resumeInput());
  }
}
