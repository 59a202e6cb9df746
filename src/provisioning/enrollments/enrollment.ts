import type { Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';
import type { AllocationSettings } from '../allocation/allocation-settings.ts';

/** The certificates of one device, by thumbprint; DER where they were given themselves. */
export type DeviceCertificates = {
  readonly type: 'x509';
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
  readonly primaryCertificate?: Buffer;
  readonly secondaryCertificate?: Buffer;
};

/** How one device proves itself. Thumbprints are lower-case hex of SHA-1 or SHA-256 over the DER leaf. */
export type EnrollmentAttestation = { readonly type: 'symmetricKey'; readonly keys: SealedKeys } | DeviceCertificates;

/** How it shall. A key that is not given is the one it has, or is made; thumbprints may be SHA-1 or SHA-256, spelled freely. */
export type AskedEnrollmentAttestation =
  | { readonly type: 'symmetricKey'; readonly primaryKey?: string; readonly secondaryKey?: string }
  | DeviceCertificates;

/** The enrollment of one device. It is asked before any group, and decides alone. */
export type Enrollment = {
  /** Compared ignoring case; the first spelling is kept. */
  readonly registrationId: string;
  /** What the device is called at the hub; its registration id unless another is wanted. */
  readonly deviceId?: string;
  readonly isEnabled: boolean;
  readonly attestation: EnrollmentAttestation;
  readonly allocation: AllocationSettings;
  /** What its owner keeps with it; of no meaning to us. */
  readonly deviceInformation?: JsonObject;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type NewEnrollment = Pick<Enrollment, 'registrationId' | 'deviceId' | 'isEnabled' | 'deviceInformation'> & {
  readonly attestation: AskedEnrollmentAttestation;
  /** Left out, an enrollment keeps what it has. */
  readonly allocation?: AllocationSettings;
};
