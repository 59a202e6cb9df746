import type { Instant } from '#base/instant.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';
import type { AllocationSettings } from '../allocation/allocation-settings.ts';

/**
 * How the devices of a group prove themselves. Certificates are named by their ids in authorities/; a signing
 * certificate, DER, was given with the group and counts below one of those whose possession is proven.
 */
export type GroupAttestation =
  | {
      readonly type: 'x509';
      readonly primaryCertificateId?: string;
      readonly secondaryCertificateId?: string;
      readonly primaryCertificate?: Buffer;
      readonly secondaryCertificate?: Buffer;
    }
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
  readonly allocation: AllocationSettings;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type NewEnrollmentGroup = Pick<EnrollmentGroup, 'groupId' | 'displayName' | 'type' | 'isEnabled'> & {
  readonly attestation: AskedAttestation;
  /** Left out, a group keeps what it has. */
  readonly allocation?: AllocationSettings;
};
