import { asProblem } from '#base/problem.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { presentedMax } from '#pki/chain.ts';
import { purposeOids } from '#pki/oids.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** What a peer showed in the TLS handshake, read: the leaf whose key it proved to hold, and whatever came with it. */
export type ShownCertificates = { readonly leaf: Certificate; readonly presented: readonly Certificate[] };

/**
 * Reads the certificates of a handshake, leaf first. A leaf that is there for another purpose of ours
 * is refused whatever the identity's kind: proofs are made on request for a name the requester
 * chooses, and update certificates go to devices that did not pass.
 */
export function readShown(certificates: readonly Buffer[]): Verdict<ShownCertificates> {
  const [leafDer, ...others] = certificates;
  if (!leafDer)
    return refuse('certificate-missing', 'No client certificate was presented.', {
      fix: 'Configure the device with its certificate and private key.',
    });
  const trace: TraceStep[] = [];
  let leaf: Certificate;
  try {
    leaf = parseCertificate(leafDer);
  } catch (error) {
    return refuse('certificate-malformed', asProblem(error).message, { trace });
  }
  trace.push({ check: 'certificate', passed: true, detail: `${leaf.subject}, SHA-256 ${leaf.sha256Thumbprint}` });
  const purposes = leaf.extendedKeyUsage;
  if (purposes && (purposes.length === 0 || purposes.includes(purposeOids.proof) || purposes.includes(purposeOids.update))) {
    return refuse(
      'leaf-purpose',
      'This certificate proves possession of a CA or opens the update service; it is not for signing in.',
      { trace },
    );
  }
  const presented: Certificate[] = [];
  for (const der of others.slice(0, presentedMax)) {
    try {
      presented.push(parseCertificate(der));
    } catch (error) {
      // What cannot be read cannot be on the path; a path that does without it is still good.
      trace.push({ check: 'certificate-malformed', passed: false, detail: asProblem(error).message });
    }
  }
  return accept({ leaf, presented }, trace);
}

/** The one common name of a certificate. Two would let each reader take another; a NUL ends the name early for some. */
export function singleCommonName(certificate: Certificate, trace: readonly TraceStep[]): Verdict<string> {
  const [name] = certificate.commonNames;
  if (name === undefined || certificate.commonNames.length !== 1) {
    return refuse(
      'common-name-ambiguous',
      `The certificate has ${certificate.commonNames.length} common names; exactly one is needed.`,
      { trace },
    );
  }
  if (name.includes('\0')) return refuse('common-name-ambiguous', 'The common name holds a NUL character.', { trace });
  return accept(name, trace);
}
