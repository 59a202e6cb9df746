import type { Instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { findUnverified, refuseUnverified } from './authenticate-device.ts';
import { mint, type RegistrationCaller } from './caller.ts';
import { judgedAt } from './judged-at.ts';
import { readShown, singleCommonName } from './leaf.ts';
import { buildUnrevokedChain, type RevocationEvidence, revocationFix } from './revocation.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

/** An enrollment group that lets devices in by certificate. */
export type CertificateGroup = {
  readonly groupId: string;
  readonly isEnabled: boolean;
  /** Its primary and secondary certificate, those of them that are verified. */
  readonly anchors: readonly Certificate[];
  readonly unverified: readonly Certificate[];
  /** Certificates of the group that nobody proved by themselves, and the verified CAs that may stand above them. */
  readonly held?: readonly Certificate[];
  readonly heldUnder?: readonly Certificate[];
};

export type RegistrationAttempt = {
  /** As the device spells it. */
  readonly registrationId: string;
  readonly evidence: { readonly certificates: readonly Buffer[] };
  readonly groups: readonly CertificateGroup[];
  readonly revocation: RevocationEvidence;
  readonly at: Instant;
};

/**
 * Decides whether a registration may use an enrollment group.
 *
 * The group is the one whose certificate stands nearest to the leaf on its chain, which ends at a CA that
 * somebody proved to own. That group decides: when it is disabled, no group further up is asked (dps-device-protocol.md 4), or disabling
 * a production line would move its devices to the parent's group instead of stopping them.
 */
export function attestDevice(attempt: RegistrationAttempt): Verdict<RegistrationCaller> {
  const { registrationId, evidence, groups, revocation } = attempt;
  const shown = readShown(evidence.certificates);
  if (!shown.accepted) return shown;
  const { leaf, presented } = shown.value;
  const at = judgedAt(leaf, attempt);
  const anchors = groups.flatMap((group) => [...group.anchors, ...(group.heldUnder ?? [])]);
  const result = buildUnrevokedChain({ leaf, presented: withHeld(leaf, presented, groups), anchors, at }, revocation);
  const trace = [...shown.trace, ...result.trace];
  if (!result.ok) {
    const unverified =
      result.reason === 'issuer-unknown' &&
      findUnverified(
        shown.value,
        groups.flatMap((group) => group.unverified),
        at,
      );
    if (unverified) return refuseUnverified(unverified, trace);
    return refuse(result.reason, result.detail, {
      trace: trace.slice(0, -1),
      ...(result.reason === 'issuer-unknown' ? { fix: noGroupFix } : revocationFix(result.reason)),
    });
  }
  const name = singleCommonName(leaf, trace);
  if (!name.accepted) return name;
  if (!isSameName(name.value, registrationId)) {
    return refuse('common-name-mismatch', `The certificate is for ${name.value}, not for ${registrationId}.`, {
      trace,
      fix: 'Register under the name in the certificate.',
    });
  }
  const matched = [...trace, { check: 'common-name', passed: true, detail: name.value }];
  const matches = nearestGroups(groups, result.chain.slice(1));
  // Of two groups that share a certificate the disabled one decides: what was stopped stays stopped.
  const group = matches.find(({ isEnabled }) => !isEnabled) ?? matches[0];
  if (!group)
    return refuse('enrollment-unknown', 'No enrollment group holds the certificate that the chain ends in.', { trace: matched });
  if (!group.isEnabled) {
    return refuse('enrollment-disabled', `The enrollment group ${group.groupId} is disabled.`, {
      trace: matched,
      fix: 'Enable the enrollment group.',
    });
  }
  return accept(
    mint<RegistrationCaller>({
      kind: 'registration',
      registrationId,
      enrollmentGroupId: group.groupId,
      leafDer: leaf.der,
      anchorSha256: result.anchor.sha256Thumbprint,
    }),
    [...matched, { check: 'enrollment', passed: true, detail: group.groupId }],
  );
}

/** What the device sent, with those certificates of groups before it that are named as an issuer in it. */
function withHeld(leaf: Certificate, presented: readonly Certificate[], groups: readonly CertificateGroup[]) {
  const issuers = [leaf, ...presented].map(({ issuerDer }) => issuerDer);
  const held = groups
    .flatMap((group) => group.held ?? [])
    .filter(({ subjectDer }) => issuers.some((issuer) => issuer.equals(subjectDer)));
  return [...held, ...presented];
}

/** The groups of the first issuer on the way up that is the certificate of any. */
function nearestGroups(groups: readonly CertificateGroup[], issuers: readonly Certificate[]): readonly CertificateGroup[] {
  for (const { der } of issuers) {
    const matches = groups.filter((group) => [...group.anchors, ...(group.held ?? [])].some((own) => own.der.equals(der)));
    if (matches.length > 0) return matches;
  }
  return [];
}

const noGroupFix = 'Upload and verify the CA certificate that signed the device certificate in an enrollment group.';

const asciiText = /^[\x20-\x7e]+$/;

/**
 * Registration ids are compared ignoring case (dps-device-protocol.md 2), of ASCII alone: Unicode has letters
 * that become ASCII in lower case (the Kelvin sign is a `k`), and a CA that keeps its names apart would have
 * signed such a name for somebody else.
 */
export function isSameName(a: string, b: string): boolean {
  return asciiText.test(a) && asciiText.test(b) && a.toLowerCase() === b.toLowerCase();
}
