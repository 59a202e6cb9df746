import { formatInstant, type Instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import type { Crl } from '#pki/crl.ts';
import { isStrong, verifySignature } from '#pki/signature-algorithm.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

export type RevocationListAttempt = {
  readonly crl: Crl;
  /** Who may have signed it. */
  readonly candidates: readonly Certificate[];
  /** The CA whose list it has to be, for the words of the refusal. */
  readonly expected?: Certificate;
  readonly at: Instant;
};

/**
 * Decides whether a revocation list may be taken in, and whose it is. From then on every certificate of its issuer must
 * be covered by it, so one that cannot be relied on, or no more, would lock out every device: it is refused here, where
 * somebody reads why.
 *
 * Names alone prove nothing, since anybody may call a CA as they like: the list is that of the key that signed it.
 */
export function checkRevocationList({ crl, candidates, expected, at }: RevocationListAttempt): Verdict<Certificate> {
  const trace: TraceStep[] = [];
  const passed = (check: string, detail: string) => trace.push({ check, passed: true, detail });
  const namesakes = candidates.filter(({ subjectKey }) => subjectKey === crl.issuerKey);
  if (namesakes.length === 0) {
    return refuse(
      'issuer-unknown',
      expected
        ? `The list is one of another CA, not of ${expected.subject}.`
        : 'No verified CA has the name of the list’s issuer.',
      { trace, fix: 'Upload and verify the CA that signed the list.' },
    );
  }
  if (!isStrong(crl.signatureAlgorithm))
    return refuse('certificate-too-weak', 'The signature of the list is too weak.', { trace });
  const { signatureAlgorithm: algorithm, tbsDer: signed, signature } = crl;
  const signer = namesakes.find(({ publicKey }) => verifySignature({ algorithm, publicKey, signed, signature }));
  if (!signer)
    return refuse('signature-invalid', 'The list was not signed by the key of the CA that it names.', {
      trace,
      fix: 'Give the list of the CA certificate that is uploaded here.',
    });
  passed('signature', signer.subject);
  if (signer.keyUsage && !signer.keyUsage.has('cRLSign')) {
    return refuse('issuer-usage', `The key usage of ${signer.subject} does not allow signing revocation lists.`, { trace });
  }
  const [unknown] = crl.unknownCriticalExtensions;
  if (unknown !== undefined) {
    return refuse(
      'critical-extension-unknown',
      `The list has the critical extension ${unknown}, whose meaning would be ignored.`,
      {
        trace,
      },
    );
  }
  const { scope, nextUpdate, thisUpdate } = crl;
  if (crl.baseNumber !== undefined || scope.isIndirect || scope.onlyAttributeCertificates) {
    return refuse('certificate-malformed', 'Delta lists, indirect lists and lists of attribute certificates are not taken.', {
      trace,
      fix: 'Give the complete list of one CA.',
    });
  }
  if (nextUpdate === undefined) {
    return refuse('certificate-malformed', 'The list does not say when the next one comes.', {
      trace,
      fix: 'Have the CA write nextUpdate into its lists.',
    });
  }
  if (at > nextUpdate)
    return refuse('certificate-expired', `The list ended at ${formatInstant(nextUpdate)}.`, {
      trace,
      fix: 'Give the present one.',
    });
  if (at < thisUpdate) {
    return refuse('certificate-not-yet-valid', `The list begins at ${formatInstant(thisUpdate)}.`, {
      trace,
      fix: 'Compare the clocks of the CA and of this server.',
    });
  }
  passed('validity', `until ${formatInstant(nextUpdate)}`);
  return accept(signer, trace);
}
