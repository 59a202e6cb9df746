/** The two certificate slots of a group: both count at any time, so that one can be replaced while devices use the other. */
export type CertificateSlot = 'primary' | 'secondary';

export type GroupAttestation =
  | { readonly type: 'x509'; readonly primaryCertificateId?: string; readonly secondaryCertificateId?: string }
  | { readonly type: 'symmetricKey' };

/** An enrollment group of the provisioning service, as far as Central's words reach. */
export type EnrollmentGroup = {
  readonly groupId: string;
  readonly displayName: string;
  readonly type: 'iot' | 'iotEdge';
  readonly isEnabled: boolean;
  readonly attestation: GroupAttestation;
  readonly etag: string;
};

/** What Central asks of the provisioning service. */
export type EnrollmentGroups = {
  /** Throws Problem `already-exists`. */
  create(group: Omit<EnrollmentGroup, 'etag'>): Promise<EnrollmentGroup>;
  /** Replaces. Throws Problem `enrollment-not-found`, and `precondition-failed` when `ifMatch` is not its etag. */
  replace(group: Omit<EnrollmentGroup, 'etag'>, ifMatch?: string): Promise<EnrollmentGroup>;
  load(groupId: string): Promise<EnrollmentGroup | undefined>;
  list(): Promise<readonly EnrollmentGroup[]>;
  delete(groupId: string, ifMatch?: string): Promise<void>;
};

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
