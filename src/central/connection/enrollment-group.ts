import type { Provisioning } from '#provisioning/provisioning.ts';

/** The two certificate slots of a group: both count at any time, so that one can be replaced while devices use the other. */
export type CertificateSlot = 'primary' | 'secondary';

/** What Central asks of the provisioning service's groups. */
export type EnrollmentGroups = Pick<Provisioning['groups'], 'create' | 'replace' | 'load' | 'list' | 'delete'>;

/** An enrollment group as the provisioning service keeps it. */
export type EnrollmentGroup = Awaited<ReturnType<EnrollmentGroups['create']>>;
export type GroupAttestation = EnrollmentGroup['attestation'];

/** The id of the certificate in `slot`, if one was uploaded. */
export function certificateIdOf(group: EnrollmentGroup, slot: CertificateSlot): string | undefined {
  if (group.attestation.type !== 'x509') return undefined;
  return slot === 'primary' ? group.attestation.primaryCertificateId : group.attestation.secondaryCertificateId;
}

/** The attestation with `certificateId` in `slot`, or with the slot empty. */
export function withCertificate(
  group: EnrollmentGroup,
  slot: CertificateSlot,
  certificateId: string | undefined,
): GroupAttestation {
  const primary = slot === 'primary' ? certificateId : certificateIdOf(group, 'primary');
  const secondary = slot === 'secondary' ? certificateId : certificateIdOf(group, 'secondary');
  return {
    type: 'x509',
    ...(primary === undefined ? {} : { primaryCertificateId: primary }),
    ...(secondary === undefined ? {} : { secondaryCertificateId: secondary }),
  };
}
