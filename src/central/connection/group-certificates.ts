import { sha256Hex } from '#base/bytes.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { ConnectionGroups } from './connection-groups.ts';
import {
  type CertificateSlot,
  certificateIdOf,
  type EnrollmentGroup,
  type EnrollmentGroups,
  withCertificate,
} from './enrollment-group.ts';

/** The provisioning service's uploaded CAs. */
export type Authorities = Pick<Provisioning['authorities'], 'upload' | 'load' | 'delete' | 'generateVerificationCode' | 'verify'>;

/** An uploaded CA. */
export type SigningCertificate = Awaited<ReturnType<Authorities['upload']>>;

/** Primary and secondary certificate of a group. Each has its own state and its own code; both count at any time. */
export class GroupCertificates {
  readonly #platform: Platform;
  readonly #connectionGroups: ConnectionGroups;
  readonly #groups: EnrollmentGroups;
  readonly #authorities: Authorities;

  constructor(
    platform: Platform,
    options: { connectionGroups: ConnectionGroups; groups: EnrollmentGroups; authorities: Authorities },
  ) {
    this.#platform = platform;
    this.#connectionGroups = options.connectionGroups;
    this.#groups = options.groups;
    this.#authorities = options.authorities;
  }

  /** The certificate in `slot`, if one was uploaded. */
  async load(group: EnrollmentGroup, slot: CertificateSlot): Promise<SigningCertificate | undefined> {
    const certificateId = certificateIdOf(group, slot);
    return certificateId === undefined ? undefined : this.#authorities.load(certificateId);
  }

  async require(groupId: string, slot: CertificateSlot): Promise<SigningCertificate> {
    const certificate = await this.load(await this.#requireX509(groupId), slot);
    if (!certificate) throw new Problem('certificate-not-found', `The group has no ${slot} certificate.`);
    return certificate;
  }

  /** Throws Problem `conflict` while nobody has proven to own it. */
  requireVerified({ isVerified }: SigningCertificate): void {
    if (!isVerified) throw new Problem('conflict', 'Verify the certificate first; then its revocation list can be uploaded.');
  }

  /**
   * Uploads a CA into `slot`, in place of what is there. It opens nothing until possession is proven,
   * unless the caller may vouch for it and does.
   */
  async put(
    caller: UserCaller,
    groupId: string,
    slot: CertificateSlot,
    input: { file: Buffer; verifiedOnUpload: boolean },
  ): Promise<SigningCertificate> {
    if (input.verifiedOnUpload && !caller.permissions.has('groups.verify-on-upload')) {
      throw new Problem('forbidden', 'Setting a certificate to verified on upload needs a permission of its own.');
    }
    const group = await this.#requireX509(groupId);
    const certificateId = certificateIdOf(group, slot) ?? newCertificateId(group.groupId, slot);
    const certificate = await this.#authorities.upload({
      certificateId,
      file: input.file,
      by: caller.displayName,
      verifiedOnUpload: input.verifiedOnUpload,
      replace: true,
    });
    if (certificateIdOf(group, slot) === undefined) await this.#setSlot(group, slot, certificateId);
    this.#platform.log.info(input.verifiedOnUpload ? 'ca.self-attested' : 'ca.uploaded', {
      groupId,
      slot,
      sha256: certificate.sha256Thumbprint,
      by: caller.displayName,
    });
    this.#connectionGroups.announce(groupId);
    return certificate;
  }

  async delete(caller: UserCaller, groupId: string, slot: CertificateSlot, ifMatch?: string): Promise<void> {
    const group = await this.#requireX509(groupId);
    const { certificateId } = await this.require(groupId, slot);
    await this.#authorities.delete(certificateId, ifMatch);
    await this.#setSlot(group, slot, undefined);
    this.#platform.log.info('ca.deleted', { groupId, slot, by: caller.displayName });
    this.#connectionGroups.announce(groupId);
  }

  /** A new code; the one before it is void from now on. */
  async generateVerificationCode(groupId: string, slot: CertificateSlot, ifMatch?: string): Promise<SigningCertificate> {
    const { certificateId } = await this.require(groupId, slot);
    return this.#authorities.generateVerificationCode(certificateId, ifMatch);
  }

  /** Throws Problem `proof-refused` with the reason of the first check that failed (sphere.md 2.8). */
  async verify(caller: UserCaller, groupId: string, slot: CertificateSlot, proof: Buffer, ifMatch?: string): Promise<void> {
    const { certificateId, sha256Thumbprint } = await this.require(groupId, slot);
    await this.#authorities.verify(certificateId, proof, caller.displayName, ifMatch);
    this.#platform.log.info('ca.verified', { groupId, slot, sha256: sha256Thumbprint, by: caller.displayName });
    this.#connectionGroups.announce(groupId);
  }

  /** Takes the certificates of a group along when it is deleted. */
  async deleteAll(group: EnrollmentGroup): Promise<void> {
    for (const slot of ['primary', 'secondary'] as const) {
      const certificate = await this.load(group, slot);
      if (certificate) await this.#authorities.delete(certificate.certificateId);
    }
  }

  async #setSlot(group: EnrollmentGroup, slot: CertificateSlot, certificateId: string | undefined): Promise<void> {
    const { etag, ...facts } = group;
    await this.#groups.replace({ ...facts, attestation: withCertificate(group, slot, certificateId) }, etag);
  }

  async #requireX509(groupId: string): Promise<EnrollmentGroup> {
    const group = await this.#connectionGroups.require(groupId);
    if (group.attestation.type === 'x509') return group;
    throw new Problem('conflict', 'The group does not use certificates; its attestation is by key.');
  }
}

/** Names of certificates are a little shorter than ids of groups may be. */
function newCertificateId(groupId: string, slot: CertificateSlot): string {
  return `${groupId.length <= 240 ? groupId : sha256Hex(groupId)}-${slot}`;
}
