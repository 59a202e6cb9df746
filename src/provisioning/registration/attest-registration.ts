import type { CaCertificate, CaCertificates } from '#authorities/ca-certificates.ts';
import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { attestByToken, type KeyGroup } from '#trust/attest-by-token.ts';
import { attestDevice, type CertificateGroup } from '#trust/attest-device.ts';
import { attestIndividual } from '#trust/attest-individual.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import { checkIssuer, type IssuerChange } from '#trust/check-issuer.ts';
import { explainRefusal } from '#trust/explain-refusal.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import { type Refused, refuse, type Verdict } from '#trust/verdict.ts';
import type { EnrollmentGroup } from '../enrollments/enrollment-group.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import type { Enrollments } from '../enrollments/enrollments.ts';
import { nearestEnrollment } from './nearest-enrollment.ts';
import type { Registrations } from './registrations.ts';

/** A device that wants to register or to poll, and what it showed. */
export type RegistrationEvidence = {
  readonly idScope: string;
  readonly registrationId: string;
  readonly certificates: readonly Buffer[];
  /** A password, or an Authorization header; undefined when it is empty or missing. */
  readonly token: string | undefined;
  /** The same refusal has another number on each. */
  readonly transport: 'mqtt' | 'amqp' | 'https';
  readonly remoteAddress: string;
};

type ShownAtRegistration = Omit<RegistrationEvidence, 'transport' | 'remoteAddress'>;

export type AttestRegistrationOptions = {
  readonly platform: Platform;
  readonly idScope: string;
  readonly enrollments: Pick<Enrollments, 'load' | 'neighbours' | 'pastThumbprints'>;
  readonly groups: EnrollmentGroups;
  readonly authorities: Pick<CaCertificates, 'load' | 'loadVerified' | 'list'>;
  readonly revocationLists: Pick<RevocationLists, 'evidence' | 'seen'>;
  readonly registrations: Pick<Registrations, 'load'>;
  readonly issuerChange: IssuerChange;
  readonly refusals: Pick<RefusalLog, 'record'>;
};

/** Gathers what trust/ needs to decide whether this device may use one of our enrollments, and keeps refusals. */
export class AttestRegistration {
  readonly #options: AttestRegistrationOptions;
  /**
   * Parsed once per certificate; a replaced or deleted one is a new object or none. Anybody may ask, and the
   * CAs of all groups are looked at each time: parsing them would make a small request a costly one.
   */
  readonly #parsed = new WeakMap<CaCertificate, Certificate>();

  constructor(options: AttestRegistrationOptions) {
    this.#options = options;
  }

  async check(evidence: RegistrationEvidence): Promise<Verdict<RegistrationCaller>> {
    const context: DecisionContext = {};
    const decided = await this.#decide(evidence, context);
    const verdict = decided.accepted ? ((await this.#checkIssuer(decided.value, evidence)) ?? decided) : decided;
    if (!verdict.accepted) {
      const { registrationId, remoteAddress } = evidence;
      const explained = explainRefusal(verdict.refusal, {
        certificates: evidence.certificates,
        ...(context.groups && { authorities: authoritiesOf(context.groups) }),
        at: context.at ?? this.#options.platform.clock.now(),
      });
      this.#options.refusals.record({
        service: 'provisioning',
        subject: registrationId,
        peer: remoteAddress,
        ...explained,
        findNearest: nearestEnrollment(this.#options, evidence, explained),
      });
    }
    if (verdict.accepted) this.#options.revocationLists.seen(verdict.value.leafDer, verdict.value.anchorSha256);
    return verdict;
  }

  /** Why a device that is registered below another CA is refused; undefined when it is not, or not known. */
  async #checkIssuer(
    { registrationId, anchorSha256 }: RegistrationCaller,
    { remoteAddress }: RegistrationEvidence,
  ): Promise<Refused | undefined> {
    const { platform, authorities, revocationLists, registrations, issuerChange, refusals } = this.#options;
    if (anchorSha256 === undefined) return undefined;
    const pinnedSha256 = (await registrations.load(registrationId))?.anchorSha256;
    if (pinnedSha256 === undefined || pinnedSha256 === anchorSha256) return undefined;
    const verified = (await authorities.loadVerified()).map((authority) => this.#parse(authority));
    const issuer = verified.find(({ sha256Thumbprint }) => sha256Thumbprint === anchorSha256);
    if (!issuer) return undefined;
    const revocation = revocationLists.evidence();
    const verdict = checkIssuer({ pinnedSha256, issuer, verified, revocation, at: platform.clock.now() });
    if (verdict.accepted) return undefined;
    platform.log.warn('registration.issuer-changed', { registrationId, issuer: issuer.subject, rule: issuerChange });
    if (issuerChange === 'refuse') return verdict;
    refusals.record({ service: 'provisioning', subject: registrationId, peer: remoteAddress, ...verdict.refusal });
    return undefined;
  }

  /** What would be decided at another instant, for whoever lets nobody in: no refusal is kept. */
  checkAt(evidence: ShownAtRegistration, at: Instant, revocation: RevocationEvidence): Promise<Verdict<RegistrationCaller>> {
    return this.#decide(evidence, { at }, revocation);
  }

  async #decide(
    { idScope, registrationId, certificates, token }: ShownAtRegistration,
    context: DecisionContext,
    revocation = this.#options.revocationLists.evidence(),
  ): Promise<Verdict<RegistrationCaller>> {
    const { platform, enrollments, groups } = this.#options;
    if (idScope.toLowerCase() !== this.#options.idScope.toLowerCase()) {
      return refuse('scope-unknown', `There is no ID scope ${idScope}.`, {
        fix: `Give the device the ID scope ${this.#options.idScope}.`,
      });
    }
    const at = context.at ?? platform.clock.now();
    context.at = at;
    const enrollment = await enrollments.load(registrationId);
    if (enrollment) {
      return attestIndividual({ enrollment, idScope, registrationId, evidence: { certificates, token }, revocation, at });
    }
    const all = await groups.list();
    // A token counts even when a certificate was sent too (hub-device-protocol.md 2.3).
    if (token !== undefined) {
      return attestByToken({ idScope, registrationId, token, groups: all.flatMap(keyGroups), at });
    }
    const certificateGroups = await Promise.all(all.map((group) => this.certificateGroup(group)));
    context.groups = certificateGroups.filter((group) => group !== undefined);
    return attestDevice({
      registrationId,
      evidence: { certificates },
      groups: context.groups,
      revocation,
      at,
    });
  }

  /** The group with its certificates as they stand; undefined for one by key. */
  async certificateGroup({ groupId, isEnabled, attestation }: EnrollmentGroup): Promise<CertificateGroup | undefined> {
    if (attestation.type !== 'x509') return undefined;
    const ids = [attestation.primaryCertificateId, attestation.secondaryCertificateId].filter((id) => id !== undefined);
    const loaded = (await Promise.all(ids.map((id) => this.#options.authorities.load(id)))).filter(
      (found) => found !== undefined,
    );
    const parse = (isVerified: boolean) =>
      loaded.filter((found) => found.isVerified === isVerified).map((found) => this.#parse(found));
    const group = { groupId, isEnabled, anchors: parse(true), unverified: parse(false) };
    const signing = [attestation.primaryCertificate, attestation.secondaryCertificate].filter((der) => der !== undefined);
    return signing.length === 0 ? group : this.#withSigning(group, signing.map(parseCertificate));
  }

  /** A signing certificate counts when it is a proven CA or stands directly below one. */
  async #withSigning(group: CertificateGroup, signing: readonly Certificate[]): Promise<CertificateGroup> {
    const verified = (await this.#options.authorities.loadVerified()).map((authority) => this.#parse(authority));
    const isProven = (certificate: Certificate) => verified.some(({ der }) => der.equals(certificate.der));
    const issuersOf = (certificate: Certificate) => verified.filter(({ subjectDer }) => subjectDer.equals(certificate.issuerDer));
    const rest = signing.filter((certificate) => !isProven(certificate));
    const held = rest.filter((certificate) => issuersOf(certificate).length > 0);
    return {
      ...group,
      anchors: [...group.anchors, ...signing.filter(isProven)],
      unverified: [...group.unverified, ...rest.filter((certificate) => !held.includes(certificate))],
      held,
      heldUnder: held.flatMap(issuersOf),
    };
  }

  #parse(authority: CaCertificate): Certificate {
    const known = this.#parsed.get(authority);
    if (known) return known;
    const parsed = parseCertificate(authority.der);
    this.#parsed.set(authority, parsed);
    return parsed;
  }
}

/** What a decision rested on, for whoever explains it. */
type DecisionContext = { at?: Instant; groups?: readonly CertificateGroup[] };

function authoritiesOf(groups: readonly CertificateGroup[]) {
  return {
    verified: groups.flatMap(({ anchors, held = [], heldUnder = [] }) => [...anchors, ...held, ...heldUnder]),
    unverified: groups.flatMap(({ unverified }) => unverified),
  };
}

function keyGroups({ groupId, isEnabled, attestation }: EnrollmentGroup): KeyGroup[] {
  return attestation.type === 'symmetricKey' ? [{ groupId, isEnabled, keys: attestation.keys }] : [];
}
