import type { KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, errors } from 'jose';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** What evidence states about its own addressee, as far as every kind of it does. */
export type EvidenceAddress = {
  readonly eat_profile: string;
  readonly ueid: string;
  readonly 'hp-did': string;
  readonly 'hp-aud': string;
};

/** The values that a genuine device writes there for this request. */
export type ExpectedAddress = {
  readonly profile: string;
  readonly ueid: string;
  readonly deviceId: string;
  /** The service may be reachable under several origins; each is an audience. */
  readonly audiences: readonly string[];
  /** The hash that binds the signature to the rest of the request, as the evidence states it and as it was computed. */
  readonly binding: { readonly claim: string; readonly stated: string; readonly computed: string };
};

/**
 * Step 5 of sphere.md 3.7: the signature holds under the key that the device id is. One algorithm,
 * one key: whatever the header says about keys (jwk, kid, x5c) is never looked at, and a header that
 * asks for extensions is refused, since we implement none.
 */
export async function checkEvidenceSignature(
  evidence: string,
  identityKey: KeyObject | undefined,
): Promise<Verdict<{ payload: Uint8Array }>> {
  if (!identityKey) {
    return refuse('evidence-signature', 'The device id is no point on P-256, so nobody can sign for it.', {
      check: 'device id on curve',
    });
  }
  const trace: TraceStep[] = [{ check: 'device id on curve', passed: true }];
  try {
    const header = decodeProtectedHeader(evidence);
    if ('crit' in header || 'b64' in header) return refuseSignature('The header asks for extensions.', trace);
    if (header.typ !== 'eat+jwt') return refuseSignature('The header does not say that this is evidence (typ eat+jwt).', trace);
    const { payload } = await compactVerify(evidence, identityKey, { algorithms: ['ES256'] });
    return accept({ payload }, [...trace, { check: 'evidence signature', passed: true }]);
  } catch (error) {
    const why = error instanceof errors.JOSEError ? error.code : 'the header is unreadable';
    return refuseSignature(`The signature does not hold under the device's own key (${why}).`, trace);
  }
}

function refuseSignature(detail: string, trace: readonly TraceStep[]) {
  return refuse('evidence-signature', detail, {
    check: 'evidence signature',
    trace,
    fix: 'Sign with ES256 and the key whose public half is the device id.',
  });
}

/** Step 6: the signed statement is about this device, this service, this tenant and this request. */
export function checkEvidenceAddress(stated: EvidenceAddress, expected: ExpectedAddress): Verdict<undefined> {
  const { binding } = expected;
  const checks: readonly (readonly [string, boolean, string])[] = [
    ['profile', stated.eat_profile === expected.profile, `eat_profile must be ${expected.profile}.`],
    ['audience', expected.audiences.includes(stated['hp-aud']), `hp-aud must be ${expected.audiences[0]}.`],
    [
      'request hash',
      binding.stated === binding.computed,
      `${binding.claim} is not the hash of what was sent beside the evidence.`,
    ],
    ['device id', stated['hp-did'] === expected.deviceId, 'hp-did is not the device id of the request, in lower case.'],
    ['ueid', stated.ueid === expected.ueid, 'ueid does not belong to the device id.'],
  ];
  const trace: TraceStep[] = [];
  for (const [check, passed, detail] of checks) {
    if (!passed) return refuse('evidence-mismatch', detail, { check, trace });
    trace.push({ check, passed });
  }
  return accept(undefined, trace);
}
