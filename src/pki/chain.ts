import { formatInstant, type Instant } from '#base/instant.ts';
import { type Certificate, isSignedBy } from './certificate.ts';
import type { Crl } from './crl.ts';
import { type NameBudget, nameConstraintFault } from './name-constraints.ts';
import { purposeOids } from './oids.ts';
import { policyFault } from './policy-path.ts';
import { checkRevocation } from './revocation.ts';
import { isStrong, verifySignature } from './signature-algorithm.ts';
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
  | 'critical-extension-unknown'
  | 'name-not-permitted'
  | 'policy-missing'
  | 'certificate-revoked'
  | 'issuer-revoked'
  | 'revocation-unknown';

export type ChainStep = { readonly check: string; readonly passed: boolean; readonly detail?: string };

export type ChainResult =
  | {
      readonly ok: true;
      readonly chain: readonly Certificate[];
      readonly anchor: Certificate;
      readonly trace: readonly ChainStep[];
    }
  | {
      readonly ok: false;
      readonly reason: ChainReason;
      readonly detail: string;
      readonly trace: readonly ChainStep[];
      /** Where the path ended that is good but for the leaf. */
      readonly anchor?: Certificate;
    };

export type ChainRequest = {
  readonly leaf: Certificate;
  /** What the peer sent beside the leaf, in any order; only the first `presentedMax` are looked at. */
  readonly presented: readonly Certificate[];
  /** Intermediates that are at hand anyway: nobody but their owner put them there, so they have no limit. */
  readonly stored?: readonly Certificate[];
  /** The verified CAs. A path ends at the first of them: nothing above an anchor is ever consulted. */
  readonly anchors: readonly Certificate[];
  readonly at: Instant;
  readonly intermediatesMax?: number;
  readonly crls?: readonly Crl[];
  /**
   * Which certificates below the anchor must be on no list: `all` of them, or those whose issuer has a list among
   * `crls`. A list that is needed and cannot be relied on refuses.
   */
  readonly revocation?: 'listed' | 'all';
  /** `client`, the default: the leaf is that of a device. `any`: RFC 5280 alone. */
  readonly purpose?: 'client' | 'any';
};

/** With the leaf ten, sphere.md 5. */
export const presentedMax = 9;

/** Whatever is presented, no more signatures than this are verified, and no longer trace is kept. */
const signatureChecksMax = 32;
const listSignatureChecksMax = 64;
const traceStepsMax = 48;
/** Who signs revocation lists may be certified by others, whose certificates are on lists of their own. */
const listSignersDepthMax = 3;

/**
 * Finds a path from `leaf` to one of `anchors` and checks it by RFC 5280 6.1 and by the connection table of
 * sphere.md 2.8, rows 2 to 5, or says what kept the best path from holding.
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
  const fault = leafFault(request.leaf, request.at, request.purpose ?? 'client');
  if (fault) {
    search.note({ check: fault.reason, passed: false, detail: fault.detail });
    return { ok: false, ...fault, trace: search.trace, anchor };
  }
  search.note({ check: 'leaf', passed: true, detail: `valid until ${formatInstant(request.leaf.notAfter)}` });
  return { ok: true, chain, anchor, trace: search.trace };
}

type Fault = { readonly reason: ChainReason; readonly detail: string };

type Budget = NameBudget & { signatures: number; listSignatures: number };

class PathSearch {
  readonly trace: ChainStep[] = [];
  readonly #request: ChainRequest;
  /** Issuers that are no anchors, by their names. */
  readonly #issuers = new Map<string, Certificate[]>();
  readonly #anchors: readonly Certificate[];
  readonly #at: Instant;
  readonly #intermediatesMax: number;
  readonly #budget: Budget;
  readonly #depth: number;
  /** Whether a list is authentic below an anchor; false as well while that is being found out. */
  readonly #authentic = new Map<string, boolean>();
  /** The list whose signer this search is about. */
  #ownList: string | undefined;
  #worst: { fault: Fault; rank: number } | undefined;

  constructor(request: ChainRequest, budget: Budget = { signatures: 0, listSignatures: 0, comparisons: 0 }, depth = 0) {
    this.#request = request;
    this.#anchors = request.anchors;
    this.#at = request.at;
    this.#intermediatesMax = request.intermediatesMax ?? 2;
    this.#budget = budget;
    this.#depth = depth;
    const taken = new Set([request.leaf, ...request.anchors].map(({ sha256Thumbprint }) => sha256Thumbprint));
    for (const issuer of [...request.presented.slice(0, presentedMax), ...(request.stored ?? [])]) {
      if (taken.has(issuer.sha256Thumbprint)) continue;
      taken.add(issuer.sha256Thumbprint);
      const namesakes = this.#issuers.get(issuer.subjectKey);
      if (namesakes) namesakes.push(issuer);
      else this.#issuers.set(issuer.subjectKey, [issuer]);
    }
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
    const anchors = sortIssuers(
      child,
      this.#anchors.filter(({ subjectKey }) => subjectKey === child.issuerKey),
    );
    for (const anchor of anchors) {
      if (!this.#accepts(anchor, path, true)) continue;
      const whole = [...path, anchor];
      const fault = this.#wholeFault(whole);
      if (!fault) return whole;
      this.#fail(path, 1_000, fault);
    }
    const intermediates = sortIssuers(child, this.#issuers.get(child.issuerKey) ?? []).filter(
      (candidate) => !path.includes(candidate),
    );
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
    if (++this.#budget.signatures > signatureChecksMax)
      return { reason: 'path-too-long', detail: 'The certificates sent allow too many paths.' };
    if (isSignedBy(child, issuer)) return undefined;
    return { reason: 'signature-invalid', detail: `The key of ${issuer.subject} did not sign ${child.subject}.` };
  }

  /** What only the whole path can break: RFC 5280 6.1.3 a 3, b to f. */
  #wholeFault(path: readonly Certificate[]): Fault | undefined {
    const names = nameConstraintFault(path, this.#budget);
    if (names !== undefined) return { reason: 'name-not-permitted', detail: `${names}.` };
    const policies = policyFault(path);
    if (policies !== undefined) return { reason: 'policy-missing', detail: `Certificate policies: ${policies}.` };
    return this.#revocationFault(path);
  }

  #revocationFault(path: readonly Certificate[]): Fault | undefined {
    const { crls = [], revocation = 'listed' } = this.#request;
    const anchor = path.at(-1);
    if (!anchor || (crls.length === 0 && revocation === 'listed')) return undefined;
    // From the anchor down: what is below a revoked CA means nothing.
    for (let index = path.length - 2; index >= 0; index--) {
      const [certificate, issuer] = [path[index], path[index + 1]];
      if (!certificate || !issuer) continue;
      const isNeeded = revocation === 'all' || crls.some(({ issuerKey }) => issuerKey === certificate.issuerKey);
      if (!isNeeded) continue;
      const isAuthentic = (crl: Crl) => this.#isAuthentic(crl, issuer, anchor);
      const result = checkRevocation({ certificate, issuer, crls, at: this.#at, isAuthentic });
      if (result.status === 'unknown') return { reason: 'revocation-unknown', detail: result.detail };
      if (result.status === 'revoked') {
        return { reason: index === 0 ? 'certificate-revoked' : 'issuer-revoked', detail: result.detail };
      }
      this.note({ check: 'revocation', passed: true, detail: `${certificate.subject} is on no list` });
    }
    return undefined;
  }

  /** The signer is the issuer itself, the anchor, or somebody of the list's name whose own path ends at the same anchor. */
  #isAuthentic(crl: Crl, issuer: Certificate, anchor: Certificate): boolean {
    if (crl.sha256 === this.#ownList) return true;
    const key = `${crl.sha256} ${issuer.sha256Thumbprint} ${anchor.sha256Thumbprint}`;
    const known = this.#authentic.get(key);
    if (known !== undefined) return known;
    this.#authentic.set(key, false);
    const signers = new Set([issuer, anchor, ...(this.#issuers.get(crl.issuerKey) ?? [])]);
    const isAuthentic = [...signers].some(
      (signer) =>
        signer.subjectKey === crl.issuerKey &&
        (!signer.keyUsage || signer.keyUsage.has('cRLSign')) &&
        this.#isListSignedBy(crl, signer) &&
        (signer === issuer || signer === anchor || this.#isListSigner(signer, anchor, crl)),
    );
    this.#authentic.set(key, isAuthentic);
    return isAuthentic;
  }

  #isListSignedBy({ signatureAlgorithm, tbsDer, signature }: Crl, { publicKey }: Certificate): boolean {
    if (!isStrong(signatureAlgorithm) || ++this.#budget.listSignatures > listSignatureChecksMax) return false;
    return verifySignature({ algorithm: signatureAlgorithm, publicKey, signed: tbsDer, signature });
  }

  #isListSigner(signer: Certificate, anchor: Certificate, crl: Crl): boolean {
    if (this.#depth >= listSignersDepthMax) return false;
    const request = { ...this.#request, leaf: signer, anchors: [anchor], purpose: 'any' as const };
    const search = new PathSearch(request, this.#budget, this.#depth + 1);
    // A CA may leave it to the signer of its list to list the signer itself; its own path is checked all the same.
    search.#ownList = crl.sha256;
    return search.extend([signer]) !== undefined && leafFault(signer, this.#at, 'any') === undefined;
  }

  /** Keeps the fault of the longest path for the verdict, and every one in the trace. */
  #fail(path: readonly Certificate[], weight: number, fault: Fault): void {
    this.note({ check: fault.reason, passed: false, detail: fault.detail });
    const rank = weight + path.length;
    if (!this.#worst || rank > this.#worst.rank) this.#worst = { fault, rank };
  }
}

/** Of issuers of one name, the one whose key id is named comes first. */
function sortIssuers(child: Certificate, namesakes: readonly Certificate[]): readonly Certificate[] {
  if (namesakes.length < 2) return namesakes;
  return namesakes.toSorted((a, b) => Number(isNamedBy(b, child)) - Number(isNamedBy(a, child)));
}

function isNamedBy(issuer: Certificate, child: Certificate): boolean {
  return child.authorityKeyId !== undefined && child.authorityKeyId === issuer.subjectKeyId;
}

/** Row 3. basicConstraints must be there and say CA: an issuer without them is one that most libraries let pass. */
export function issuerFault(issuer: Certificate, path: readonly Certificate[], at: Instant): Fault | undefined {
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

/** Row 5; what only a device's certificate must be is asked of those alone. */
export function leafFault(leaf: Certificate, at: Instant, purpose: 'client' | 'any'): Fault | undefined {
  if (purpose === 'client' && leaf.basicConstraints?.isCa === true)
    return { reason: 'leaf-is-ca', detail: 'The certificate is that of a CA, not of a device.' };
  if (at > leaf.notAfter)
    return { reason: 'certificate-expired', detail: `The certificate ended at ${formatInstant(leaf.notAfter)}.` };
  if (at < leaf.notBefore)
    return { reason: 'certificate-not-yet-valid', detail: `The certificate begins at ${formatInstant(leaf.notBefore)}.` };
  if (purpose === 'client' && leaf.keyUsage && !leaf.keyUsage.has('digitalSignature')) {
    return { reason: 'leaf-usage', detail: 'The key usage of the certificate does not allow digital signatures.' };
  }
  if (purpose === 'client' && leaf.extendedKeyUsage && !leaf.extendedKeyUsage.includes(purposeOids.clientAuth)) {
    return { reason: 'leaf-purpose', detail: 'The extended key usage of the certificate does not name client authentication.' };
  }
  const [unknown] = leaf.unknownCriticalExtensions;
  return unknown === undefined
    ? undefined
    : { reason: 'critical-extension-unknown', detail: `The certificate has the critical extension ${unknown}.` };
}
