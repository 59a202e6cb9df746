import type { Instant } from '#base/instant.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';

/** How the devices of a group prove themselves. Certificates are named by their ids in authorities/. */
export type GroupAttestation =
  | { readonly type: 'x509'; readonly primaryCertificateId?: string; readonly secondaryCertificateId?: string }
  | { readonly type: 'symmetricKey'; readonly keys: SealedKeys };

/** How they shall. A key that is not given is the one the group has, or is made. */
export type AskedAttestation =
  | Exclude<GroupAttestation, { type: 'symmetricKey' }>
  | {
      readonly type: 'symmetricKey';
      readonly primaryKey?: string;
      readonly secondaryKey?: string;
      /** As they were read; of no effect, since the group has them. */
      readonly keys?: SealedKeys;
    };

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

export type NewEnrollmentGroup = Pick<EnrollmentGroup, 'groupId' | 'displayName' | 'type' | 'isEnabled'> & {
  readonly attestation: AskedAttestation;
};
