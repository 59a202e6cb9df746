import { formatInstant, type Instant } from '#base/instant.ts';
import { type Certificate, isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { issuerFault, leafFault, presentedMax } from '#pki/chain.ts';
import type { ChainLink, Refusal, RefusalReason } from './verdict.ts';

export type ExplainedAttempt = {
  /** As the handshake brought them, DER, leaf first. */
  readonly certificates: readonly Buffer[];
  /** The CAs that count here and those that nobody proved. Undefined where no chain is built: then only the leaf is looked at. */
  readonly authorities?: { readonly verified: readonly Certificate[]; readonly unverified: readonly Certificate[] };
  readonly at: Instant;
};

/** Two intermediates and a CA fit twice; longer chains are refused anyway. */
const linksMax = 6;

/** Reasons that are about the device's own certificate. */
const leafReasons: ReadonlySet<RefusalReason> = new Set([
  'common-name-mismatch',
  'common-name-ambiguous',
  'thumbprint-mismatch',
  'leaf-purpose',
  'certificate-revoked',
]);

/**
 * Adds to a refusal what people ask next: the instant that counted, and the chain as it was put together with
 * what is wrong at each certificate. The reason stays the first rule that failed; what is marked beside it
 * would have failed next. Says of an issuer that was not found whether it was sent.
 */
export function explainRefusal(refusal: Refusal, attempt: ExplainedAttempt): Refusal {
  const path = pathOf(attempt);
  const chain = path.map((_, index) => linkOf(path, index, refusal, attempt));
  const [top, end] = [path.at(-1), chain.at(-1)];
  if (attempt.authorities && top && !top.isSelfIssued && (end?.role === 'device' || end?.role === 'sent')) {
    const detail = 'Nobody sent it, and no uploaded CA certificate has this name.';
    const faults = refusal.reason === 'issuer-unknown' ? [{ reason: refusal.reason, detail }] : [];
    chain.push({ role: 'absent', subject: top.issuer, faults });
  }
  return {
    ...refusal,
    at: attempt.at,
    ...(chain.length > 0 && { chain: withNamedFault(chain, refusal) }),
    ...(refusal.reason === 'issuer-unknown' && top && missingIssuer(top, path.length, attempt.certificates.length)),
    ...(refusal.reason === 'signature-invalid' && namesake(path)),
  };
}

/** A fault that no single certificate shows, such as a revocation, stands at the one that the detail names. */
function withNamedFault(chain: readonly ChainLink[], { reason, detail }: Refusal): readonly ChainLink[] {
  if (chain.some(({ faults }) => faults.some((fault) => fault.reason === reason))) return chain;
  const [named] = chain
    .filter(({ subject }) => subject !== '' && detail.includes(subject))
    .toSorted((a, b) => b.subject.length - a.subject.length);
  return chain.map((link) => (link === named ? { ...link, faults: [{ reason, detail }, ...link.faults] } : link));
}

/** By names and key ids, leaf first: what buildChain tried, without what it tried in vain. */
function pathOf({ certificates, authorities }: ExplainedAttempt): Certificate[] {
  const [leaf, ...sent] = certificates.slice(0, presentedMax + 1).flatMap(readOrNothing);
  if (!leaf || !certificates[0]?.equals(leaf.der)) return [];
  const path = [leaf];
  if (!authorities) return path;
  const pool = [...authorities.verified, ...authorities.unverified, ...sent];
  const known = new Set([...authorities.verified, ...authorities.unverified].map(({ sha256Thumbprint }) => sha256Thumbprint));
  for (let child = leaf; path.length < linksMax; ) {
    const isEnd = path.length > 1 && (known.has(child.sha256Thumbprint) || child.isSelfIssued);
    const [issuer] = isEnd ? [] : issuersOf(child, pool, path);
    if (!issuer) break;
    path.push(issuer);
    child = issuer;
  }
  return path;
}

/** Of one name, the one whose key is meant; then those that count, as they stand in the pool. */
function issuersOf(child: Certificate, pool: readonly Certificate[], path: readonly Certificate[]): readonly Certificate[] {
  const isMeant = (issuer: Certificate) =>
    child.authorityKeyId !== undefined && child.authorityKeyId === issuer.subjectKeyId ? 1 : 0;
  return pool
    .filter((issuer) => issuer.subjectKey === child.issuerKey && !path.some(({ der }) => der.equals(issuer.der)))
    .toSorted((a, b) => isMeant(b) - isMeant(a));
}

function linkOf(path: readonly Certificate[], index: number, refusal: Refusal, attempt: ExplainedAttempt): ChainLink {
  const certificate = path[index];
  if (!certificate) throw new Error('The path has no such certificate.');
  const { subject, issuer, sha1Thumbprint, sha256Thumbprint, notBefore, notAfter } = certificate;
  const [commonName] = index === 0 ? certificate.commonNames : [];
  const role = roleOf(certificate, index === 0, attempt);
  return {
    role,
    subject,
    faults: faultsOf(path, index, role, refusal, attempt),
    certificate: {
      ...(commonName !== undefined && { commonName }),
      issuer,
      sha1Thumbprint,
      sha256Thumbprint,
      notBefore,
      notAfter,
    },
  };
}

function faultsOf(
  path: readonly Certificate[],
  index: number,
  role: ChainLink['role'],
  refusal: Refusal,
  { authorities, at }: ExplainedAttempt,
): ChainLink['faults'] {
  const [certificate, issuer] = [path[index], path[index + 1]];
  if (!certificate) return [];
  const own =
    index === 0 ? leafFaultOf(certificate, at, authorities !== undefined) : issuerFault(certificate, path.slice(0, index), at);
  const faults: { reason: RefusalReason; detail: string }[] = own ? [own] : [];
  if (refusal.reason === 'signature-invalid' && issuer && !isSignedBy(certificate, issuer)) {
    faults.unshift({ reason: refusal.reason, detail: `The key of ${issuer.subject} did not sign it.` });
  }
  const isNamedHere =
    (index === 0 && leafReasons.has(refusal.reason)) ||
    (refusal.reason === 'issuer-not-verified' && role === 'unverified-ca') ||
    (refusal.reason === 'issuer-unknown' && index === path.length - 1 && certificate.isSelfIssued);
  if (isNamedHere && own?.reason !== refusal.reason) faults.unshift({ reason: refusal.reason, detail: refusal.detail });
  return faults;
}

/** Where no chain is built, only the dates of the leaf count. */
function leafFaultOf(leaf: Certificate, at: Instant, isChained: boolean): ChainLink['faults'][number] | undefined {
  if (isChained) return leafFault(leaf, at, 'client');
  if (at > leaf.notAfter) return { reason: 'certificate-expired', detail: `It ended at ${formatInstant(leaf.notAfter)}.` };
  if (at < leaf.notBefore)
    return { reason: 'certificate-not-yet-valid', detail: `It begins at ${formatInstant(leaf.notBefore)}.` };
  return undefined;
}

function roleOf({ der }: Certificate, isLeaf: boolean, { authorities }: ExplainedAttempt): ChainLink['role'] {
  if (isLeaf) return 'device';
  if (authorities?.verified.some((known) => known.der.equals(der))) return 'verified-ca';
  return authorities?.unverified.some((known) => known.der.equals(der)) ? 'unverified-ca' : 'sent';
}

/** Names the first link that does not hold, whatever else was tried, and the CA by more than its name. */
function namesake(path: readonly Certificate[]): { detail?: string } {
  const index = path.findIndex((child, at) => path[at + 1] !== undefined && !isSignedBy(child, path[at + 1] ?? child));
  const [child, issuer] = [path[index], path[index + 1]];
  if (!child || !issuer) return {};
  return { detail: `The key of ${issuer.subject} (SHA-1 ${issuer.sha1Thumbprint}) did not sign ${child.subject}.` };
}

function missingIssuer(top: Certificate, links: number, sent: number): Pick<Refusal, 'detail' | 'fix'> {
  if (top.isSelfIssued) {
    return links === 1
      ? {
          detail: 'The certificate is signed by itself; one that a verified CA signed is asked for.',
          fix: 'Give the device a certificate that a verified CA signed, or register it by the thumbprint of this one.',
        }
      : {
          detail: `No verified CA is named ${top.subject}, in which the chain ends.`,
          fix: `Upload the CA certificate ${top.subject} and verify it, or let the device use a certificate of a verified CA.`,
        };
  }
  const others = sent === 1 ? 'the device sent its own certificate alone' : 'it is not among what the device sent';
  return {
    detail: `No verified CA is named ${top.issuer}, and ${others}.`,
    fix: `If ${top.issuer} stands below a verified CA, let the device send its certificate after its own. Otherwise upload that CA certificate and verify it.`,
  };
}

function readOrNothing(der: Buffer): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    return [];
  }
}
