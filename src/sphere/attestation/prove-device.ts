import type { KeyObject } from 'node:crypto';
import { publicKeyOfDeviceId } from '#pki/key.ts';
import { audienceOf, bindingOf, evidenceProfile, ueidOf } from '#sphere/contract/evidence.ts';
import { checkEvidenceAddress, checkEvidenceSignature, type EvidenceAddress } from '#trust/sphere-evidence.ts';
import { type Refusal, refuse, type TraceStep } from '#trust/verdict.ts';
import type { Nonces } from './nonces.ts';
import type { RefusedOutcome } from './outcome.ts';

export type ProofAttempt = {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly evidence: string;
  readonly nonce: string;
  readonly address: EvidenceAddress;
  /** The claim that binds the signature to the rest of the request, and what it must be the hash of. */
  readonly binding: { readonly claim: string; readonly stated: string; readonly subject: string | Uint8Array };
};

export type ProvenDevice = { readonly accepted: true; readonly identityKey: KeyObject; readonly trace: readonly TraceStep[] };

/**
 * Steps 3 to 6 of sphere.md 3.7, the same for certificates and claims: the nonce is ours and unused,
 * the signature is the device's, and what it signed is this request. The nonce is spent before the
 * signature is looked at, so nobody can try twice.
 */
export async function proveDevice(
  nonces: Nonces,
  origins: readonly [string, ...string[]],
  attempt: ProofAttempt,
): Promise<ProvenDevice | RefusedOutcome> {
  const { deviceId, tenantId } = attempt;
  const audience = audienceOf(origins[0], tenantId);
  const checked = await nonces.check(attempt.nonce, { deviceId, tenantId, audience });
  if (!checked.accepted) return refused(checked.refusal, [], false);
  if (!(await nonces.redeem(checked.value))) {
    const { refusal } = refuse('nonce-replayed', 'The nonce was used before.', {
      check: 'nonce unused',
      fix: 'Ask for a new nonce for each attempt.',
    });
    return refused(refusal, checked.trace, false);
  }
  const trace: TraceStep[] = [...checked.trace, { check: 'nonce unused', passed: true }];

  const identityKey = publicKeyOfDeviceId(deviceId);
  const signature = await checkEvidenceSignature(attempt.evidence, identityKey);
  if (!signature.accepted) return refused(signature.refusal, trace, false);
  if (!identityKey) throw new Error('a signature held under no key');
  trace.push(...signature.trace);

  const { claim, stated, subject } = attempt.binding;
  const address = checkEvidenceAddress(attempt.address, {
    profile: evidenceProfile,
    ueid: ueidOf(deviceId),
    deviceId,
    audiences: origins.map((origin) => audienceOf(origin, tenantId)),
    binding: { claim, stated, computed: bindingOf(subject) },
  });
  if (!address.accepted) return refused(address.refusal, trace, true);
  return { accepted: true, identityKey, trace: [...trace, ...address.trace] };
}

/** `refusal` with the steps that went before it. */
export function refused(refusal: Refusal, before: readonly TraceStep[], isProven: boolean): RefusedOutcome {
  return { accepted: false, refusal: { ...refusal, trace: [...before, ...refusal.trace] }, isProven };
}
