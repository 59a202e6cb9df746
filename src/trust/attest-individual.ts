import { formatInstant, type Instant } from '#base/instant.ts';
import { checkRegistrationToken, registrationKeys } from './attest-by-token.ts';
import { isSameName } from './attest-device.ts';
import { mint, type RegistrationCaller } from './caller.ts';
import { judgedAt } from './judged-at.ts';
import { readShown, singleCommonName } from './leaf.ts';
import { type RevocationEvidence, revocationFix, revocationOf } from './revocation.ts';
import type { RevealableKeys } from './symmetric-keys.ts';
import { normalizeThumbprint } from './thumbprint.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

/** The enrollment of one device, by key or by the thumbprint of its certificate. */
export type IndividualEnrollment = {
  readonly registrationId: string;
  readonly deviceId?: string;
  readonly isEnabled: boolean;
  readonly attestation:
    | { readonly type: 'symmetricKey'; readonly keys: RevealableKeys }
    | { readonly type: 'x509'; readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string };
};

export type IndividualAttempt = {
  readonly enrollment: IndividualEnrollment;
  readonly idScope: string;
  /** As the device spells it. */
  readonly registrationId: string;
  readonly evidence: { readonly certificates: readonly Buffer[]; readonly token: string | undefined };
  readonly revocation: RevocationEvidence;
  readonly at: Instant;
};

type Proof = Pick<RegistrationCaller, 'leafDer' | 'deviceKeys'>;

/**
 * Decides whether a registration may use the enrollment that was made for it alone. Whatever comes out
 * is final: a device that is refused here is not let in by a group (dps-device-protocol.md 4).
 */
export function attestIndividual(attempt: IndividualAttempt): Verdict<RegistrationCaller> {
  const { enrollment, registrationId, evidence } = attempt;
  const { attestation, deviceId } = enrollment;
  if ((attestation.type === 'symmetricKey') !== (evidence.token !== undefined)) {
    const wanted = attestation.type === 'symmetricKey' ? 'a token that its key signed' : 'a certificate of a known thumbprint';
    return refuse('credential-type-mismatch', `The enrollment of ${enrollment.registrationId} asks for ${wanted}.`, {
      fix: 'Register with that, or change the attestation of the enrollment.',
    });
  }
  const proof = attestation.type === 'symmetricKey' ? checkKeys(attestation.keys, attempt) : checkLeaf(attestation, attempt);
  if (!proof.accepted) return proof;
  if (!enrollment.isEnabled) {
    return refuse('enrollment-disabled', `The enrollment of ${enrollment.registrationId} is disabled.`, {
      trace: proof.trace,
      fix: 'Enable the enrollment.',
    });
  }
  return accept(
    mint<RegistrationCaller>({
      kind: 'registration',
      registrationId,
      ...(deviceId !== undefined && { deviceId }),
      ...proof.value,
    }),
    [...proof.trace, { check: 'enrollment', passed: true, detail: enrollment.registrationId }],
  );
}

function checkKeys(keys: RevealableKeys, { evidence, ...attempt }: IndividualAttempt): Verdict<Proof> {
  const candidates = registrationKeys(keys.reveal(), 'the enrollment');
  const checked = checkRegistrationToken({ ...attempt, token: evidence.token ?? '' }, candidates);
  return checked.accepted ? accept({ deviceKeys: keys }, checked.trace) : checked;
}

/** No chain is built: the leaf itself was enrolled. Its name, its dates and the lists that name it count all the same. */
function checkLeaf(
  slots: { readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string },
  attempt: IndividualAttempt,
): Verdict<Proof> {
  const { registrationId, evidence, revocation } = attempt;
  const shown = readShown(evidence.certificates);
  if (!shown.accepted) return shown;
  const { leaf } = shown.value;
  const at = judgedAt(leaf, attempt);
  const known = [slots.primaryThumbprint, slots.secondaryThumbprint].map((text) => normalizeThumbprint(text ?? ''));
  const own = [leaf.sha1Thumbprint.toLowerCase(), leaf.sha256Thumbprint];
  const slot = known.findIndex((thumbprint) => thumbprint !== undefined && own.includes(thumbprint));
  if (slot < 0) {
    return refuse('thumbprint-mismatch', `The certificate's thumbprint ${leaf.sha1Thumbprint} is not the enrollment's.`, {
      trace: shown.trace,
      fix: 'Store the thumbprint of the new certificate as the secondary one of the enrollment.',
    });
  }
  const trace = [...shown.trace, { check: 'thumbprint', passed: true, detail: slot === 0 ? 'primary' : 'secondary' }];
  const name = singleCommonName(leaf, trace);
  if (!name.accepted) return name;
  if (!isSameName(name.value, registrationId)) {
    return refuse('common-name-mismatch', `The certificate is for ${name.value}, not for ${registrationId}.`, { trace });
  }
  if (at > leaf.notAfter) {
    return refuse('certificate-expired', `The certificate ended at ${formatInstant(leaf.notAfter)}.`, { trace });
  }
  if (at < leaf.notBefore) {
    return refuse('certificate-not-yet-valid', `The certificate begins at ${formatInstant(leaf.notBefore)}.`, { trace });
  }
  const revoked = revocationOf(leaf, revocation.lists);
  if (revoked !== undefined) return refuse('certificate-revoked', revoked, { trace, ...revocationFix('certificate-revoked') });
  return accept({ leafDer: leaf.der }, trace);
}
