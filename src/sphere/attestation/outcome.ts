import type { RequiredVersion } from '#trust/sphere-measurements.ts';
import { type Refusal, type RefusalReason, refuse, type TraceStep } from '#trust/verdict.ts';

/** What a device's request came to. A refusal knows how much the peer may be told of it. */
export type Outcome<T> = { readonly accepted: true; readonly value: T } | RefusedOutcome;

export type RefusedOutcome = {
  readonly accepted: false;
  readonly refusal: Refusal;
  /** Whether the peer proved that it holds the device's key; until then it learns no reason (sphere.md 1.6 T17). */
  readonly isProven: boolean;
  readonly retryAfterSeconds?: number;
  readonly required?: RequiredVersion;
};

/** Before possession is proven these reasons are told all the same: they say nothing about any device. */
const openReasons: ReadonlySet<RefusalReason> = new Set(['malformed', 'rate-limited']);

export function mayTell({ refusal, isProven }: RefusedOutcome): boolean {
  return isProven || openReasons.has(refusal.reason);
}

export function refuseOutcome(
  reason: RefusalReason,
  detail: string,
  options: { isProven: boolean; retryAfterSeconds?: number; trace?: readonly TraceStep[] },
): RefusedOutcome {
  const { isProven, retryAfterSeconds, trace = [] } = options;
  const { refusal } = refuse(reason, detail, { trace });
  return { accepted: false, refusal, isProven, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}
