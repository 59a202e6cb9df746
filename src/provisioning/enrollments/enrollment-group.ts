import type { Instant } from '#base/instant.ts';

/** How the devices of a group prove themselves. Certificates are named by their ids in authorities/. */
export type GroupAttestation =
  | { readonly type: 'x509'; readonly primaryCertificateId?: string; readonly secondaryCertificateId?: string }
  | { readonly type: 'symmetricKey' };

export type EnrollmentGroup = {
  /** Compared ignoring case; the first spelling is kept. */
  readonly groupId: string;
  readonly displayName: string;
  readonly type: 'iot' | 'iotEdge';
  readonly isEnabled: boolean;
  readonly attestation: GroupAttestation;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type NewEnrollmentGroup = Pick<EnrollmentGroup, 'groupId' | 'displayName' | 'type' | 'isEnabled' | 'attestation'>;
