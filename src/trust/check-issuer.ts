import { dayMs, formatInstant, type Instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { type RevocationEvidence, revocationOf } from './revocation.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** What happens when a device that is known comes below another CA. `alert`: people are told, and it is let in. */
export type IssuerChange = 'alert' | 'refuse';

/** How long before its end a CA is followed by another (sphere.md 2.7). */
export const rotationWindowMs = 90 * dayMs;

export type IssuerAttempt = {
  /** SHA-256 of the verified CA below which the identity came in before. */
  readonly pinnedSha256: string;
  /** The verified CA below which it comes now. */
  readonly issuer: Certificate;
  /** All that are verified here. */
  readonly verified: readonly Certificate[];
  readonly revocation: RevocationEvidence;
  readonly at: Instant;
};

/**
 * Decides whether a known device may come below another CA than before. Of two verified CAs each can sign any name: who
 * holds one of them could be every device of the other (sphere.md 1.6, T5).
 *
 * What counts is the CA's key. Another one is right in a rotation: when the CA before is in its last 90 days or over,
 * was revoked, or is not verified here any more.
 */
export function checkIssuer({ pinnedSha256, issuer, verified, revocation, at }: IssuerAttempt): Verdict<'same' | 'follows'> {
  const pinned = verified.find(({ sha256Thumbprint }) => sha256Thumbprint === pinnedSha256);
  const allow = (value: 'same' | 'follows', detail: string): Verdict<'same' | 'follows'> => {
    const step: TraceStep = { check: 'issuer', passed: true, detail };
    return accept(value, [step]);
  };
  if (pinnedSha256 === issuer.sha256Thumbprint || pinned?.spkiSha256 === issuer.spkiSha256) {
    return allow('same', `the same as before: ${issuer.subject}`);
  }
  if (!pinned) return allow('follows', 'the CA before is not verified here any more');
  if (at >= pinned.notAfter - rotationWindowMs) {
    return allow('follows', `the CA before ends at ${formatInstant(pinned.notAfter)}`);
  }
  if (revocationOf(pinned, revocation.lists) !== undefined) return allow('follows', 'the CA before was revoked');
  return refuse(
    'issuer-changed',
    `The certificate comes from ${nameOf(issuer)}; before, it came from ${nameOf(pinned)}, which is good until ${formatInstant(pinned.notAfter)}.`,
    {
      fix: 'If the device has a new CA, delete the old CA certificate here, or the device’s registration or identity. If not, somebody who holds the other CA poses as it.',
    },
  );
}

/** Two CAs may have one name. */
function nameOf({ subject, sha1Thumbprint }: Certificate): string {
  return `${subject} (${sha1Thumbprint})`;
}
