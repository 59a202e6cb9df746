import { formatInstant, type Instant } from '#base/instant.ts';
import { type Certificate, isSignedBy } from './certificate.ts';
import { purposeOids } from './oids.ts';
import { keyWeakness, signatureWeakness } from './strength.ts';

export type ChainReason =
  | 'issuer-unknown'
  | 'issuer-not-ca'
  | 'issuer-usage'
  | 'issuer-expired'
  | 'issuer-not-yet-valid'
  | 'path-too-long'
  | 'signature-invalid'
  | 'certificate-too-weak'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'leaf-is-ca'
  | 'leaf-usage'
  | 'leaf-purpose'
  | 'critical-extension-unknown';

export type ChainStep = { readonly check: string; readonly passed: boolean; readonly detail?: string };

export type ChainResult =
  | {
      readonly ok: true;
      readonly chain: readonly Certificate[];
      readonly anchor: Certificate;
      readonly trace: readonly ChainStep[];
    }
  | { readonly ok: false; readonly reason: ChainReason; readonly detail: string; readonly trace: readonly ChainStep[] };

export type ChainRequest = {
  readonly leaf: Certificate;
  /** What the peer sent beside the leaf, in any order; only the first `presentedMax` are looked at. */
  readonly presented: readonly Certificate[];
  /** The verified CAs. A path ends at the first of them: nothing above an anchor is ever consulted. */
  readonly anchors: readonly Certificate[];
  readonly at: Instant;
  readonly intermediatesMax?: number;
};

export const presentedMax = 10;

/** Whatever is presented, no more signatures than this are verified, and no longer trace is kept. */
const signatureChecksMax = 32;
const traceStepsMax = 48;

/**
 * Finds a path from `leaf` to one of `anchors` and checks it by the connection table of sphere.md
 * 2.8, rows 2 to 5, or says what kept the best path from holding.
 *
 * The anchors are the CAs whose possession somebody proved, at whatever level they stand. Continuing
 * to a root would let in every tenant that shares it. OpenSSL's own verification is not used: it
 * accepts issuers without basicConstraints and leaves that are CAs.
 */
export function buildChain(request: ChainRequest): ChainResult {
  const search = new PathSearch(request);
  const chain = search.extend([request.leaf]);
  const anchor = chain?.at(-1);
  if (!chain || !anchor) return { ok: false, ...search.failure(), trace: search.trace };
  const fault = leafFault(request.leaf, request.at);
  if (fault) {
    search.note({ check: fault.reason, passed: false, detail: fault.detail });
    return { ok: false, ...fault, trace: search.trace };
  }
  search.note({ check: 'leaf', passed: true, detail: `valid until ${formatInstant(request.leaf.notAfter)}` });
  return { ok: true, chain, anchor, trace: search.trace };
}

type Fault = { readonly reason: ChainReason; readonly detail: string };

class PathSearch {
  readonly trace: ChainStep[] = [];
  readonly #presented: readonly Certificate[];
  readonly #anchors: readonly Certificate[];
  readonly #at: Instant;
  readonly #intermediatesMax: number;
  #signatureChecks = 0;
  #worst: { fault: Fault; rank: number } | undefined;

  constructor({ leaf, presented, anchors, at, intermediatesMax = 2 }: ChainRequest) {
    const taken = new Set([leaf, ...anchors].map(({ sha256Thumbprint }) => sha256Thumbprint));
    this.#presented = presented.slice(0, presentedMax).filter(({ sha256Thumbprint }) => {
      const isNew = !taken.has(sha256Thumbprint);
      taken.add(sha256Thumbprint);
      return isNew;
    });
    this.#anchors = anchors;
    this.#at = at;
    this.#intermediatesMax = intermediatesMax;
  }

  note(step: ChainStep): void {
    if (this.trace.length < traceStepsMax) this.trace.push(step);
  }

  failure(): Fault {
    return this.#worst?.fault ?? { reason: 'issuer-unknown', detail: 'No path was found.' };
  }

  /** Depth first, anchors before intermediates: the path found ends at the verified CA nearest the leaf. */
  extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const child = path.at(-1);
    if (!child) return undefined;
    const anchors = issuersOf(child, this.#anchors);
    const anchor = anchors.find((candidate) => this.#accepts(candidate, path, true));
    if (anchor) return [...path, anchor];
    const intermediates = issuersOf(child, this.#presented).filter((candidate) => !path.includes(candidate));
    const isAtLimit = path.length > this.#intermediatesMax;
    // A root that was sent but that nobody verified is the end of the path, not one certificate too many.
    if (isAtLimit && intermediates.some(({ isSelfIssued }) => !isSelfIssued)) {
      this.#fail(path, 0, {
        reason: 'path-too-long',
        detail: `More than ${this.#intermediatesMax} intermediates would be needed.`,
      });
      return undefined;
    }
    for (const candidate of isAtLimit ? [] : intermediates) {
      const longer = this.#accepts(candidate, path, false) ? this.extend([...path, candidate]) : undefined;
      if (longer) return longer;
    }
    if (anchors.length === 0 && (isAtLimit || intermediates.length === 0)) {
      this.#fail(path, 0, { reason: 'issuer-unknown', detail: `No verified CA is named ${child.issuer}.` });
    }
    return undefined;
  }

  #accepts(issuer: Certificate, path: readonly Certificate[], isAnchor: boolean): boolean {
    const fault = issuerFault(issuer, path, this.#at) ?? this.#signatureFault(issuer, path);
    if (fault) {
      // A fault of a verified CA explains more than one of whatever else was sent.
      this.#fail(path, isAnchor ? 1_000 : 0, fault);
      return false;
    }
    this.note({ check: isAnchor ? 'anchor' : 'intermediate', passed: true, detail: issuer.subject });
    return true;
  }

  #signatureFault(issuer: Certificate, path: readonly Certificate[]): Fault | undefined {
    const child = path.at(-1);
    if (!child) return undefined;
    const weakness = signatureWeakness(child);
    if (weakness) return { reason: 'certificate-too-weak', detail: `${child.subject} is too weak: ${weakness}.` };
    if (++this.#signatureChecks > signatureChecksMax)
      return { reason: 'path-too-long', detail: 'The certificates sent allow too many paths.' };
    if (isSignedBy(child, issuer)) return undefined;
    return { reason: 'signature-invalid', detail: `The key of ${issuer.subject} did not sign ${child.subject}.` };
  }

  /** Keeps the fault of the longest path for the verdict, and every one in the trace. */
  #fail(path: readonly Certificate[], weight: number, fault: Fault): void {
    this.note({ check: fault.reason, passed: false, detail: fault.detail });
    const rank = weight + path.length;
    if (!this.#worst || rank > this.#worst.rank) this.#worst = { fault, rank };
  }
}

/** Those of `pool` that bear the issuer's name, byte for byte; the one whose key id is named comes first. */
function issuersOf(child: Certificate, pool: readonly Certificate[]): readonly Certificate[] {
  const namesakes = pool.filter(({ subjectDer }) => subjectDer.equals(child.issuerDer));
  if (namesakes.length < 2) return namesakes;
  return namesakes.toSorted((a, b) => Number(isNamedBy(b, child)) - Number(isNamedBy(a, child)));
}

function isNamedBy(issuer: Certificate, child: Certificate): boolean {
  return child.authorityKeyId !== undefined && child.authorityKeyId === issuer.subjectKeyId;
}

/** Row 3. basicConstraints must be there and say CA: an issuer without them is one that most libraries let pass. */
function issuerFault(issuer: Certificate, path: readonly Certificate[], at: Instant): Fault | undefined {
  const fault = (reason: ChainReason, why: string): Fault => ({ reason, detail: `${issuer.subject} ${why}.` });
  if (issuer.basicConstraints?.isCa !== true) return fault('issuer-not-ca', 'is not a CA');
  if (issuer.keyUsage && !issuer.keyUsage.has('keyCertSign')) return fault('issuer-usage', 'may not sign certificates');
  // The leaf does not count, and neither do self-issued certificates (RFC 5280 4.2.1.9).
  const below = path.slice(1).filter(({ isSelfIssued }) => !isSelfIssued).length;
  const { pathLength } = issuer.basicConstraints;
  if (pathLength !== undefined && below > pathLength)
    return fault('path-too-long', `allows ${pathLength} intermediates below it, not ${below}`);
  if (at < issuer.notBefore) return fault('issuer-not-yet-valid', `begins at ${formatInstant(issuer.notBefore)}`);
  if (at > issuer.notAfter) return fault('issuer-expired', `ended at ${formatInstant(issuer.notAfter)}`);
  const [unknown] = issuer.unknownCriticalExtensions;
  if (unknown !== undefined) return fault('critical-extension-unknown', `has the critical extension ${unknown}`);
  const weakness = keyWeakness(issuer);
  return weakness === undefined ? undefined : fault('certificate-too-weak', `is too weak: ${weakness}`);
}

/** Row 5. */
function leafFault(leaf: Certificate, at: Instant): Fault | undefined {
  if (leaf.basicConstraints?.isCa === true)
    return { reason: 'leaf-is-ca', detail: 'The certificate is that of a CA, not of a device.' };
  if (at > leaf.notAfter)
    return { reason: 'certificate-expired', detail: `The certificate ended at ${formatInstant(leaf.notAfter)}.` };
  if (at < leaf.notBefore)
    return { reason: 'certificate-not-yet-valid', detail: `The certificate begins at ${formatInstant(leaf.notBefore)}.` };
  if (leaf.keyUsage && !leaf.keyUsage.has('digitalSignature')) {
    return { reason: 'leaf-usage', detail: 'The key usage of the certificate does not allow digital signatures.' };
  }
  if (leaf.extendedKeyUsage && !leaf.extendedKeyUsage.includes(purposeOids.clientAuth)) {
    return { reason: 'leaf-purpose', detail: 'The extended key usage of the certificate does not name client authentication.' };
  }
  const [unknown] = leaf.unknownCriticalExtensions;
  return unknown === undefined
    ? undefined
    : { reason: 'critical-extension-unknown', detail: `The certificate has the critical extension ${unknown}.` };
}
