import { hourMs, secondMs } from '#base/instant.ts';

/** sphere.md 3.9. */
const firstMs = 5 * secondMs;
const lastMs = hourMs;
const retryAfterMsMax = 6 * hourMs;
const renewalMs = 16 * hourMs;

/**
 * How long to wait before trying again after `failures` failures in a row: full jitter over a range
 * that doubles from 5 s to 1 h. What the service asks for is honoured, but never beyond 6 h: a wrong or
 * hostile answer must not silence a device for good.
 */
export function retryDelayMs(options: { failures: number; fraction: number; retryAfterSeconds?: number | undefined }): number {
  if (options.retryAfterSeconds !== undefined && options.retryAfterSeconds >= 0) {
    return Math.min(options.retryAfterSeconds * secondMs, retryAfterMsMax);
  }
  const rangeMs = Math.min(lastMs, firstMs * 2 ** Math.min(Math.max(0, options.failures - 1), 30));
  return options.fraction * rangeMs;
}

/** 16 h ± 10 % after issue, so that a fleet that booted together does not renew together. */
export function renewalDelayMs(fraction: number): number {
  return renewalMs * (0.9 + 0.2 * fraction);
}
