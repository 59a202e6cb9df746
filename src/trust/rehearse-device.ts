import { type Instant, plus } from '#base/instant.ts';
import type { Refusal, Verdict } from './verdict.ts';

export type DeviceRehearsal = {
  readonly now: Instant;
  readonly until: Instant;
  /** When anything ends on which the device's being let in may rest, in any order; what is decided in between stays. */
  readonly ends: readonly Instant[];
  /** Whether its hub would let it in then with what it showed last. */
  signIn(at: Instant): Promise<Verdict<unknown>>;
  /** Whether its enrollment would; undefined where it has none. */
  readonly register: ((at: Instant) => Promise<Verdict<unknown>>) | undefined;
  /** It comes with a new certificate, or token, of the same issuer before the one that it has ends. */
  readonly renews: boolean;
};

export type Drop = { readonly at: Instant; readonly refusal: Refusal };

export type RehearsedDevice =
  | { readonly outcome: 'stays' }
  /** Not let in today either. */
  | { readonly outcome: 'out'; readonly refusal: Refusal }
  | { readonly outcome: 'drops'; readonly drop: Drop };

/**
 * Says when a device will not be let in any more, if nothing is changed: the same decisions as at its sign-in, taken
 * at each instant at which one of them may come out otherwise. Nothing is moved and nobody is asked.
 */
export async function rehearseDevice(rehearsal: DeviceRehearsal): Promise<RehearsedDevice> {
  const { now, until } = rehearsal;
  const today = await refusalAt(rehearsal, now);
  if (today) return { outcome: 'out', refusal: today };
  const ends = [...new Set(rehearsal.ends)].filter((end) => end >= now && end < until).sort((a, b) => a - b);
  for (const end of ends) {
    // Certificates are good up to and including their last moment.
    const refusal = await refusalAt(rehearsal, plus(end, 1));
    if (refusal) return { outcome: 'drops', drop: { at: end, refusal } };
  }
  return { outcome: 'stays' };
}

/** What is wrong with a credential that will have been replaced is not counted; what is wrong with its issuer stays wrong. */
const ownEnds: ReadonlySet<string> = new Set(['certificate-expired', 'token-expired']);

async function refusalAt({ signIn, register, renews }: DeviceRehearsal, at: Instant): Promise<Refusal | undefined> {
  const verdict = await signIn(at);
  if (verdict.accepted) return undefined;
  const { refusal } = verdict;
  const registered = await register?.(at);
  if (registered?.accepted) return undefined;
  if (!renews || !ownEnds.has(refusal.reason)) return refusal;
  if (!registered || ownEnds.has(registered.refusal.reason)) return undefined;
  return registered.refusal;
}
