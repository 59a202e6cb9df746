import { dayMs, type Instant, minuteMs, plus, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { ClockGuard } from '#sphere/clock/clock-guard.ts';
import { evidenceLimits } from '#sphere/contract/evidence.ts';
import type { Database } from '#storage/database.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import { type CheckedNonce, checkNonce, type NonceBinding, sealNonce } from '#trust/sphere-nonce.ts';
import type { Verdict } from '#trust/verdict.ts';
import { deleteNoncesBefore, insertNonce } from './attestation-store.ts';

export const nonceLifeMs = evidenceLimits.nonceSeconds * secondMs;

/** How long beyond its expiry a redeemed nonce is remembered: more than the server's clock may fall back. */
const rememberedMs = 5 * minuteMs;

export type NonceSecrets = Pick<SecretStore, 'load' | 'loadOrCreate' | 'delete'>;

/**
 * Hands out nonces and redeems each once. Issuing stores nothing. The key changes with the day, by
 * name, so that all replicas agree on it without talking; yesterday's is still accepted.
 */
export class Nonces {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #secrets: NonceSecrets;
  readonly #clockGuard: ClockGuard;
  readonly #keys = new Map<number, Buffer>();
  #sweptMinute: number | undefined;

  constructor(options: { platform: Platform; database: Database; secrets: NonceSecrets; clockGuard: ClockGuard }) {
    this.#platform = options.platform;
    this.#database = options.database;
    this.#secrets = options.secrets;
    this.#clockGuard = options.clockGuard;
  }

  async issue(binding: NonceBinding): Promise<{ nonce: string; expiresAt: Instant }> {
    const now = await this.#clockGuard.trustedNow();
    const key = await this.#currentKey(dayOf(now));
    const expiresAt = plus(now, nonceLifeMs);
    return { nonce: sealNonce(key, binding, expiresAt, this.#platform.random.bytes(16)), expiresAt };
  }

  async check(nonce: string, binding: NonceBinding): Promise<Verdict<CheckedNonce>> {
    const now = await this.#clockGuard.trustedNow();
    const day = dayOf(now);
    const keys = [await this.#currentKey(day), await this.#previousKey(day)].filter((key) => key !== undefined);
    return checkNonce(nonce, keys, binding, now);
  }

  /** True for exactly one caller per nonce, on whichever replica: the database's insert decides. */
  async redeem(nonce: CheckedNonce): Promise<boolean> {
    const isFirst = await insertNonce(this.#database, nonce.id, nonce.expiresAt);
    await this.#sweep();
    return isFirst;
  }

  async #currentKey(day: number): Promise<Buffer> {
    const known = this.#keys.get(day);
    if (known) return known;
    const key = await this.#secrets.loadOrCreate(secretName(day), () => this.#platform.random.bytes(32));
    this.#keys.set(day, key);
    for (const old of this.#keys.keys()) if (old < day - 1) this.#keys.delete(old);
    await this.#secrets.delete(secretName(day - 2));
    return key;
  }

  async #previousKey(day: number): Promise<Buffer | undefined> {
    return this.#keys.get(day - 1) ?? this.#secrets.load(secretName(day - 1));
  }

  /** Forgets redeemed nonces that are long expired, at most once a minute. */
  async #sweep(): Promise<void> {
    const now = await this.#clockGuard.trustedNow();
    const minute = Math.floor(now / minuteMs);
    if (this.#sweptMinute === minute) return;
    this.#sweptMinute = minute;
    await deleteNoncesBefore(this.#database, now - rememberedMs);
  }
}

function dayOf(at: Instant): number {
  return Math.floor(at / dayMs);
}

function secretName(day: number): string {
  return `sphere-nonce-${day}`;
}
