import { constantTimeEqual } from '#base/bytes.ts';
import { formatInstant, type Instant } from '#base/instant.ts';
import { asProblem } from '#base/problem.ts';
import { type Certificate, isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { parseCertificateFile } from '#pki/pem.ts';
import { clockSkewMs } from './check-ca-upload.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

export type PossessionClaim = {
  readonly ca: Certificate;
  /** The file as it was uploaded, or the certificate in it. */
  readonly proof: Uint8Array | Certificate;
  /** The outstanding code. Absent when none was generated or the last one was spent. */
  readonly code?: string | undefined;
  readonly codeExpiresAt?: Instant | undefined;
  readonly at: Instant;
};

export type ProvenPossession = { readonly ca: Certificate; readonly proof: Certificate };

/**
 * Decides whether an uploaded CA certificate belongs to the person who uploaded it.
 *
 * Anyone may hold a CA certificate; only its owner can sign with its key. So a code is handed out,
 * and the owner returns a certificate whose common name is that code, signed by the CA. Until then
 * the CA is unverified and lets nobody in.
 *
 * The checks and their order are the table of sphere.md 2.8. Key usage, extended key usage and
 * basicConstraints of the proof are not looked at: genuine proofs have odd ones, on purpose.
 */
export function checkPossession({ ca, proof: given, code, codeExpiresAt, at }: PossessionClaim): Verdict<ProvenPossession> {
  const trace: TraceStep[] = [];
  const passed = (check: string, detail: string) => trace.push({ check, passed: true, detail });

  let proof: Certificate;
  try {
    proof = given instanceof Uint8Array ? parseCertificate(parseCertificateFile(given)) : given;
  } catch (error) {
    return refuse('ProofMalformed', asProblem(error).message, {
      trace,
      fix: 'Upload the one proof certificate, as DER, PEM or base64.',
    });
  }
  passed('ProofMalformed', proof.subject);

  if (proof.der.equals(ca.der) || proof.isSelfIssued) {
    return refuse('ProofIsCa', 'The file is a CA or self-signed certificate, not a proof signed by the CA.', {
      trace,
      fix: 'Sign a certificate whose common name is the verification code with the key of the CA, and upload that.',
    });
  }
  passed('ProofIsCa', 'another certificate than the CA');

  const [name] = proof.commonNames;
  if (name === undefined || proof.commonNames.length !== 1) {
    return refuse('ProofCodeMismatch', `The proof has ${proof.commonNames.length} common names; exactly one is needed.`, {
      trace,
    });
  }
  // Without an outstanding code the other checks still run, so that the last one can say the code is spent.
  if (code !== undefined && !constantTimeEqual(name.trim(), code.trim())) {
    return refuse('ProofCodeMismatch', `The proof was made for the code ${name}, which is not the current one.`, {
      trace,
      fix: 'Make the proof for the verification code that is shown now: a new code voids the one before.',
    });
  }
  passed('ProofCodeMismatch', name);

  if (!proof.issuerDer.equals(ca.subjectDer)) {
    return refuse('ProofIssuerMismatch', `The proof was issued by ${proof.issuer}, not by ${ca.subject}.`, {
      trace,
      fix: 'Sign the proof with the CA that was uploaded here.',
    });
  }
  passed('ProofIssuerMismatch', proof.issuer);

  if (!isSignedBy(proof, ca)) {
    return refuse('ProofSignatureInvalid', 'The proof bears the name of the CA, but the key of the CA did not sign it.', {
      trace,
      fix: 'Two CAs share this name: upload the one whose key signs, or sign with the other key.',
    });
  }
  passed('ProofSignatureInvalid', 'the key of the CA signed');

  // The allowance for clocks is on the early side alone: proofs are short-lived so that one found
  // later proves nothing, and an allowance at the end would only lengthen that life.
  if (at > proof.notAfter)
    return refuse('ProofExpired', `The proof ended at ${formatInstant(proof.notAfter)}.`, {
      trace,
      fix: 'Download a new proof.',
    });
  if (at < proof.notBefore - clockSkewMs) {
    return refuse('ProofExpired', `The proof begins at ${formatInstant(proof.notBefore)}.`, {
      trace,
      fix: 'Compare the clocks of the two services.',
    });
  }
  passed('ProofExpired', `valid until ${formatInstant(proof.notAfter)}`);

  if (code === undefined || codeExpiresAt === undefined || at > codeExpiresAt) {
    return refuse('ProofCodeStale', 'The verification code was used, has expired or was never generated.', {
      trace,
      fix: 'Generate a new verification code.',
    });
  }
  passed('ProofCodeStale', `the code is good until ${formatInstant(codeExpiresAt)}`);
  return accept({ ca, proof }, trace);
}
