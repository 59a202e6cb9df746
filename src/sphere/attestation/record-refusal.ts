import type { SphereLimits } from '#sphere/limits/sphere-limits.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { RefusalReason } from '#trust/verdict.ts';
import type { RefusedOutcome } from './outcome.ts';

/** Reasons that are ours or the limit's own, and no fault of the device. */
const blameless: ReadonlySet<RefusalReason> = new Set(['rate-limited', 'clock-guard', 'ca-unavailable']);

/** Keeps why a device was refused, whatever the peer is told, and counts it against the device once it has proved its key. */
export function recordRefusal(
  { refusals, limits }: { refusals: RefusalLog; limits: SphereLimits },
  attempt: { deviceId: string; peer: string },
  { refusal, isProven }: RefusedOutcome,
): void {
  refusals.record({ service: 'sphere', subject: attempt.deviceId, peer: attempt.peer, ...refusal });
  if (isProven && !blameless.has(refusal.reason)) limits.countFailure(attempt.deviceId);
}
