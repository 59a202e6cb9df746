import type { Clock } from '#base/clock.ts';
import { ExpiringMap } from '#base/expiring-map.ts';
import { dayMs, hourMs, minuteMs, secondMs } from '#base/instant.ts';
import { addressScope } from './address-scope.ts';
import { type Rate, RateLimit } from './rate-limit.ts';

/**
 * sphere.md 3.10. The original's own figures are not known. Evidence per address is ours: each needs a nonce, so
 * twice as many as those leave room for answers that were lost.
 */
export const sphereRates = {
  noncesPerAddress: { count: 30, perMs: minuteMs, burst: 60 },
  evidencePerAddress: { count: 60, perMs: minuteMs, burst: 120 },
  noncesPerDevice: { count: 6, perMs: minuteMs, burst: 10 },
  certificatesPerDevice: { count: 24, perMs: dayMs, burst: 6 },
  failuresPerDevice: { count: 10, perMs: hourMs, burst: 10 },
  proofsPerTenant: { count: 20, perMs: hourMs, burst: 5 },
  requestsPerTenant: { count: 50, perMs: secondMs, burst: 200 },
} as const satisfies Record<string, Rate>;

export const failurePauseMs = hourMs;

/** How many addresses, devices or tenants are remembered per limit. */
export const limitedKeysMax = 100_000;

/**
 * Who may ask how often. Every method returns the milliseconds to wait, 0 meaning go ahead.
 *
 * Certificates and failures are counted only for a device that proved its key; otherwise anybody who
 * knows a device id, and they are printed on boxes, could use up the device's allowance.
 */
export class SphereLimits {
  readonly #noncesPerAddress: RateLimit;
  readonly #evidencePerAddress: RateLimit;
  readonly #noncesPerDevice: RateLimit;
  readonly #certificatesPerDevice: RateLimit;
  readonly #failuresPerDevice: RateLimit;
  readonly #proofsPerTenant: RateLimit;
  readonly #requestsPerTenant: RateLimit;
  readonly #paused: ExpiringMap<string, number>;
  readonly #clock: Clock;

  /** So many a day are so many of the calendar's, or devices would meet them where a clock is moved. */
  constructor({ calendar: clock }: Clock) {
    const limit = (rate: Rate) => new RateLimit(clock, rate, limitedKeysMax);
    this.#noncesPerAddress = limit(sphereRates.noncesPerAddress);
    this.#evidencePerAddress = limit(sphereRates.evidencePerAddress);
    this.#noncesPerDevice = limit(sphereRates.noncesPerDevice);
    this.#certificatesPerDevice = limit(sphereRates.certificatesPerDevice);
    this.#failuresPerDevice = limit(sphereRates.failuresPerDevice);
    this.#proofsPerTenant = limit(sphereRates.proofsPerTenant);
    this.#requestsPerTenant = limit(sphereRates.requestsPerTenant);
    this.#paused = new ExpiringMap(clock, { lifeMs: failurePauseMs, sizeMax: limitedKeysMax });
    this.#clock = clock;
  }

  takeNonce(input: { address: string; deviceId: string; tenantId: string }): number {
    return (
      this.#noncesPerAddress.take(addressScope(input.address)) ||
      this.#noncesPerDevice.take(input.deviceId) ||
      this.#requestsPerTenant.take(input.tenantId)
    );
  }

  /**
   * Asked before anything of the evidence is read. Tenant ids are no secrets (they stand in the name of each
   * tenant's CA), so without it one stranger could use up what a tenant's devices share.
   */
  takeEvidence(address: string): number {
    return this.#evidencePerAddress.take(addressScope(address));
  }

  /** Asked before any evidence is believed. */
  takeAttempt(input: { deviceId: string; tenantId: string }): number {
    return this.#requestsPerTenant.take(input.tenantId) || this.#pauseMs(input.deviceId);
  }

  /** How long until the device may have another certificate; counts nothing. */
  certificateWaitMs(deviceId: string): number {
    return this.#certificatesPerDevice.waitMs(deviceId);
  }

  takeCertificate(deviceId: string): number {
    return this.#certificatesPerDevice.take(deviceId);
  }

  /** Counts a refusal of a device that proved its key; too many begin a pause. */
  countFailure(deviceId: string): void {
    if (this.#failuresPerDevice.take(deviceId) > 0) this.#paused.set(deviceId, this.#clock.monotonic() + failurePauseMs);
  }

  takeProof(tenantId: string): number {
    return this.#proofsPerTenant.take(tenantId);
  }

  #pauseMs(deviceId: string): number {
    return Math.max(0, (this.#paused.get(deviceId) ?? 0) - this.#clock.monotonic());
  }
}

/** For Retry-After: whole seconds, at least one. */
export function retryAfterSecondsOf(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / secondMs));
}
