import type { CaCertificate, CaCertificates } from '#authorities/ca-certificates.ts';
import type { RevocationList, RevocationLists } from '#authorities/revocation-lists.ts';
import type { Instant } from '#base/instant.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { authenticateDevice, type DeviceEvidence, type DeviceIdentity } from '#trust/authenticate-device.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { explainRefusal } from '#trust/explain-refusal.ts';
import { isOnList } from '#trust/revocation.ts';
import type { Refused, Verdict } from '#trust/verdict.ts';
import { type Identity, identityName } from '../identity.ts';
import type { HubPolicies } from '../instances/hub-policies.ts';
import type { Presence } from '../presence/presence.ts';
import type { CredentialWatches } from './credential-watches.ts';
import type { IssuerPins } from './issuer-pins.ts';
import type { Modules } from './modules.ts';
import { nearestDevice } from './nearest-device.ts';
import type { Registry } from './registry.ts';

export type SignInOptions = {
  /** What the scope of a token begins with. */
  readonly hostName: string;
  readonly registry: Pick<Registry, 'load' | 'neighbours' | 'pastThumbprints'> & {
    readonly modules: Pick<Modules, 'load' | 'list'>;
  };
  readonly authorities: Pick<CaCertificates, 'loadVerified' | 'list'>;
  readonly revocationLists: Pick<RevocationLists, 'evidence' | 'seen'>;
  readonly policies: Pick<HubPolicies, 'list'>;
  readonly issuerPins: Pick<IssuerPins, 'check'>;
  /** What must be known of somebody before the first thing it sends; undefined for nothing. */
  readonly prepare?: (identity: string) => Promise<void> | undefined;
};

/**
 * Gathers what trust needs to decide who a device or a module is: its identity, the hub's access policies and, where
 * the identity is signed by a CA, the CAs of the hub. One instance serves every protocol.
 */
export class SignIn {
  readonly #platform: Platform;
  readonly #options: SignInOptions;
  readonly #authorities: SignInOptions['authorities'];
  /** Parsed once per certificate; a replaced or deleted one is a new object or none. */
  readonly #parsed = new WeakMap<CaCertificate, Certificate>();

  constructor(platform: Platform, options: SignInOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#authorities = options.authorities;
  }

  /** A refusal comes with what explains it to people; none of it is for the peer. */
  async check(identity: Identity, evidence: DeviceEvidence): Promise<Verdict<DeviceCaller>> {
    const at = this.#platform.clock.now();
    const decided = await this.checkAt(identity, evidence, at);
    const verdict = decided.accepted ? ((await this.#checkIssuer(decided.value, at)) ?? decided) : decided;
    const result = verdict.accepted ? 'accepted' : verdict.refusal.reason;
    metricsOf(this.#platform).counter('homeport_sign_ins_total', { result }).value++;
    if (verdict.accepted) {
      this.#options.revocationLists.seen(evidence.certificates[0], verdict.value.anchorSha256);
      await this.#options.prepare?.(identityName(verdict.value));
      return verdict;
    }
    // Only certificates make a chain to explain.
    const device = evidence.certificates.length === 0 ? undefined : await this.#load(identity);
    const all = device?.authentication.type === 'certificateAuthority' ? await this.#authorities.list() : undefined;
    const explained = explainRefusal(verdict.refusal, {
      certificates: evidence.certificates,
      ...(all && {
        authorities: {
          verified: this.#parse(all.filter(({ isVerified }) => isVerified)),
          unverified: this.#parse(all.filter(({ isVerified }) => !isVerified)),
        },
      }),
      at,
    });
    return { accepted: false, refusal: { ...explained, findNearest: nearestDevice(this.#options, identity, explained) } };
  }

  /** What is decided at an instant, which need not be now for whoever lets nobody in. */
  async checkAt(
    identity: Identity,
    evidence: DeviceEvidence,
    at: Instant,
    revocation = this.#options.revocationLists.evidence(),
  ): Promise<Verdict<DeviceCaller>> {
    const { hostName, policies } = this.#options;
    const device = await this.#load(identity);
    // Thumbprint identities build no chain, so they need no CA.
    const needsChain = device?.authentication.type === 'certificateAuthority';
    const verified = needsChain ? await this.#authorities.loadVerified() : [];
    const attempt = {
      device,
      evidence,
      verifiedAnchors: this.#parse(verified),
      revocation,
      hubHostName: hostName,
      policies: policies.list(),
      at,
    };
    const verdict = authenticateDevice({ ...attempt, uploadedUnverified: [] });
    if (verdict.accepted || !needsChain) return verdict;
    // A refusal is explained better with the CAs that somebody uploaded and never proved.
    const unverified = (await this.#authorities.list()).filter((certificate) => !certificate.isVerified);
    return unverified.length === 0 ? verdict : authenticateDevice({ ...attempt, uploadedUnverified: this.#parse(unverified) });
  }

  /** Only chains end at a CA, so only they are asked whether it is the one of before. */
  async #checkIssuer(caller: DeviceCaller, at: Instant): Promise<Refused | undefined> {
    if (caller.anchorSha256 === undefined) return undefined;
    const { issuerPins, revocationLists } = this.#options;
    const verified = this.#parse(await this.#authorities.loadVerified());
    return issuerPins.check(caller, { verified, revocation: revocationLists.evidence(), at });
  }

  /** A module is enabled when its device is. */
  async #load({ deviceId, moduleId }: Identity): Promise<DeviceIdentity | undefined> {
    const { registry } = this.#options;
    const device = await registry.load(deviceId);
    if (!device || moduleId === undefined) return device;
    const module = await registry.modules.load(deviceId, moduleId);
    if (!module) return undefined;
    const { isEnabled, statusReason, ownStatus } = device;
    return { ...module, isEnabled, ...(statusReason !== undefined && { statusReason }), ...(ownStatus && { ownStatus }) };
  }

  /**
   * Ends the sessions whose CA is not verified any more. To be called when a CA changes; a sign-in
   * under way looks again.
   */
  async dropUnverified(presence: Pick<Presence, 'dropWhere'>, watches: CredentialWatches): Promise<void> {
    watches.allChanged();
    try {
      const verified = new Set((await this.#authorities.loadVerified()).map(({ sha256Thumbprint }) => sha256Thumbprint));
      presence.dropWhere(({ anchorSha256 }) => anchorSha256 !== undefined && !verified.has(anchorSha256), 'credential-changed');
    } catch (error) {
      this.#platform.log.error('sign-in.unchecked', { error: String(error) });
      // Not knowing which CAs are good, none is.
      presence.dropWhere(({ anchorSha256 }) => anchorSha256 !== undefined, 'credential-changed');
    }
  }

  /**
   * Ends the sessions that rest on a certificate which the list names. To be called when a list comes; a sign-in under
   * way looks again. Names may be those of another CA's certificates: whoever is sent away in vain comes back.
   */
  dropRevoked(presence: Pick<Presence, 'dropWhere'>, watches: CredentialWatches, { crl }: Pick<RevocationList, 'crl'>): void {
    watches.allChanged();
    if (crl.entries.size === 0) return;
    presence.dropWhere(({ revocationKeys }) => revocationKeys.some((key) => isOnList(crl, key)), 'certificate-revoked');
  }

  #parse(certificates: readonly CaCertificate[]): Certificate[] {
    return certificates.map((certificate) => {
      const known = this.#parsed.get(certificate);
      if (known) return known;
      const parsed = parseCertificate(certificate.der);
      this.#parsed.set(certificate, parsed);
      return parsed;
    });
  }
}
