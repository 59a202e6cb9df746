import type { Instant } from '#base/instant.ts';

/** One rule that was looked at on the way to a verdict, in the words an operator reads. */
export type TraceStep = { readonly check: string; readonly passed: boolean; readonly detail?: string };

/**
 * Why somebody was refused, with everything needed to explain it later: the first rule that failed,
 * what was evaluated before it and what would mend it. `detail` and the trace may quote the peer;
 * whoever shows them escapes them.
 */
export type Refusal = {
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly trace: readonly TraceStep[];
  readonly fix?: string;
  /** The instant that the rules were checked against. */
  readonly at?: Instant;
  /** The certificates as they were put together, leaf first. */
  readonly chain?: readonly ChainLink[];
  /**
   * Looks up what comes nearest to what was asked for. Called when the refusal is kept, after the peer has its
   * answer: nobody who is refused learns this, or can measure it.
   */
  readonly findNearest?: FindNearest;
};

/** One certificate of the chain of somebody who was refused, or the place of one that is not there. */
export type ChainLink = {
  readonly role: 'device' | 'sent' | 'verified-ca' | 'unverified-ca' | 'absent';
  readonly subject: string;
  /** What is wrong with this one: the rule that failed, or one that would have failed next. */
  readonly faults: readonly { readonly reason: RefusalReason; readonly detail: string }[];
  /** Not of one that is absent. */
  readonly certificate?: {
    /** Of the device's own. */
    readonly commonName?: string;
    readonly issuer: string;
    readonly sha1Thumbprint: string;
    readonly sha256Thumbprint: string;
    readonly notBefore: Instant;
    readonly notAfter: Instant;
  };
};

/** Something we have that is almost what somebody asked for. */
export type NearMatch = {
  readonly kind: 'device' | 'module' | 'enrollment' | 'group' | 'certificate' | 'thumbprint' | 'id-scope';
  readonly name: string;
  readonly detail: string;
};

export type FindNearest = () => Promise<readonly NearMatch[]>;

/** Decisions return a Verdict; they never throw. */
export type Verdict<T> = { readonly accepted: true; readonly value: T; readonly trace: readonly TraceStep[] } | Refused;

export type Refused = { readonly accepted: false; readonly refusal: Refusal };

/** The closed list of reasons, for people to search and for tests to name. */
export const refusalReasons = [
  // certificates and chains
  'certificate-missing',
  'certificate-malformed',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-too-weak',
  'issuer-unknown',
  'issuer-not-verified',
  'issuer-not-ca',
  'issuer-usage',
  'issuer-expired',
  'issuer-not-yet-valid',
  'path-too-long',
  'signature-invalid',
  'leaf-is-ca',
  'leaf-usage',
  'leaf-purpose',
  'critical-extension-unknown',
  'name-not-permitted',
  'policy-missing',
  'certificate-revoked',
  'issuer-revoked',
  'revocation-unknown',
  'issuer-changed',
  'common-name-mismatch',
  'common-name-ambiguous',
  'thumbprint-mismatch',
  // identities and enrollments
  'credentials-missing',
  'credential-type-mismatch',
  'user-name-malformed',
  'client-id-mismatch',
  'api-version-missing',
  'will-invalid',
  'device-unknown',
  'device-disabled',
  'scope-unknown',
  'enrollment-unknown',
  'enrollment-disabled',
  'registration-id-malformed',
  'allocation-refused',
  // what somebody sent who was let in
  'message-malformed',
  'message-too-large',
  'protocol-violation',
  // what an operator asked to go wrong
  'fault-injected',
  'retained-full',
  // tokens and sessions
  'token-missing',
  'token-malformed',
  'token-expired',
  'token-unknown',
  'token-signature',
  'token-scope',
  'policy-unknown',
  'policy-right-missing',
  'session-expired',
  'origin-refused',
  'host-refused',
  'permission-missing',
  // proof of possession, sphere.md 2.8
  'ProofMalformed',
  'ProofIsCa',
  'ProofCodeMismatch',
  'ProofIssuerMismatch',
  'ProofSignatureInvalid',
  'ProofExpired',
  'ProofCodeStale',
  // attestation, sphere.md 3.7
  'malformed',
  'rate-limited',
  'nonce-invalid',
  'nonce-expired',
  'nonce-replayed',
  'evidence-signature',
  'evidence-mismatch',
  'csr-invalid',
  'csr-cn-mismatch',
  'csr-key-reuse',
  'not-claimed',
  'wrong-tenant',
  'claimed-elsewhere',
  'claim-code-invalid',
  'device-suspended',
  'device-revoked',
  'claim-epoch',
  'rollback-detected',
  'clone-suspected',
  'clock-skew',
  'debug-enabled',
  'measurement-unknown',
  'measurement-revoked',
  'version-below-floor',
  'assurance-too-low',
  'clock-guard',
  'ca-unavailable',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

export function accept<T>(value: T, trace: readonly TraceStep[] = []): Verdict<T> {
  return { accepted: true, value, trace };
}

/** Refuses for `reason`; the failed rule is added to the trace as its last step. */
export function refuse(
  reason: RefusalReason,
  detail: string,
  options: { trace?: readonly TraceStep[]; check?: string; fix?: string } = {},
): { readonly accepted: false; readonly refusal: Refusal } {
  const trace = [...(options.trace ?? []), { check: options.check ?? reason, passed: false, detail }];
  return { accepted: false, refusal: { reason, detail, trace, ...(options.fix === undefined ? {} : { fix: options.fix }) } };
}
