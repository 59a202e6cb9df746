import type { Instant } from '#base/instant.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';

/** How one device proves itself. Thumbprints are lower-case hex of SHA-256 over the DER leaf. */
export type EnrollmentAttestation =
  | { readonly type: 'symmetricKey'; readonly keys: SealedKeys }
  | { readonly type: 'x509'; readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string };

/** How it shall. A key that is not given is the one it has, or is made; thumbprints may be SHA-1 or SHA-256, spelled freely. */
export type AskedEnrollmentAttestation =
  | { readonly type: 'symmetricKey'; readonly primaryKey?: string; readonly secondaryKey?: string }
  | { readonly type: 'x509'; readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string };

/** The enrollment of one device. It is asked before any group, and decides alone. */
export type Enrollment = {
  /** Compared ignoring case; the first spelling is kept. */
  readonly registrationId: string;
  /** What the device is called at the hub; its registration id unless another is wanted. */
  readonly deviceId?: string;
  readonly isEnabled: boolean;
  readonly attestation: EnrollmentAttestation;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type NewEnrollment = Pick<Enrollment, 'registrationId' | 'deviceId' | 'isEnabled'> & {
  readonly attestation: AskedEnrollmentAttestation;
};
