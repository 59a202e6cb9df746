import { type Instant, instant } from '#base/instant.ts';
import { parseCertificate } from '#pki/certificate.ts';
import type { AuthorityCertificateRow } from '#storage/schema/trust.ts';

/** An uploaded CA: unverified until somebody proves to hold its key, and until then it lets nobody in. */
export type CaCertificate = {
  /** Its name, unique per owner. */
  readonly certificateId: string;
  readonly owner: string;
  readonly der: Buffer;
  /** For people: most specific attribute first. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hex. */
  readonly sha1Thumbprint: string;
  /** Lower-case hex. */
  readonly sha256Thumbprint: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly isVerified: boolean;
  readonly verifiedAt?: Instant;
  readonly verifiedBy?: string;
  /** Verified because somebody said so at upload; possession was not proven. */
  readonly selfAttested: boolean;
  readonly verificationCode?: string;
  readonly codeExpiresAt?: Instant;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export function caCertificateOf(row: AuthorityCertificateRow): CaCertificate {
  const der = Buffer.from(row.der);
  const { subject, issuer, sha1Thumbprint, sha256Thumbprint, notBefore, notAfter } = parseCertificate(der);
  return {
    certificateId: row.certificate_id,
    owner: row.owner,
    der,
    subject,
    issuer,
    sha1Thumbprint,
    sha256Thumbprint,
    notBefore,
    notAfter,
    isVerified: row.is_verified === 1,
    ...(row.verified_at !== null && { verifiedAt: instant(row.verified_at) }),
    ...(row.verified_by !== null && { verifiedBy: row.verified_by }),
    selfAttested: row.self_attested === 1,
    ...(row.code !== null && { verificationCode: row.code }),
    ...(row.code_expires_at !== null && { codeExpiresAt: instant(row.code_expires_at) }),
    etag: row.etag,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}
