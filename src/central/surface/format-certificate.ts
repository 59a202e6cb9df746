import { formatInstant } from '#base/instant.ts';
import type { SigningCertificate } from '../connection/group-certificates.ts';
import type { SigningCertificate as SigningCertificateBody } from '../contract/certificates.ts';

/** An uploaded CA in the public shape, with what the dialog shows besides. The outstanding code is not part of it. */
export function formatCertificate(certificate: SigningCertificate): SigningCertificateBody {
  const { verifiedAt, verifiedBy } = certificate;
  return {
    verified: certificate.isVerified,
    certificate: certificate.der.toString('base64'),
    info: {
      sha1Thumbprint: certificate.sha1Thumbprint,
      sha256Thumbprint: certificate.sha256Thumbprint,
      subject: certificate.subject,
      issuer: certificate.issuer,
      notBefore: formatInstant(certificate.notBefore),
      notAfter: formatInstant(certificate.notAfter),
      ...(verifiedAt === undefined ? {} : { verifiedAt: formatInstant(verifiedAt) }),
      ...(verifiedBy === undefined ? {} : { verifiedBy }),
      ...(certificate.isVerified ? { selfAttested: certificate.selfAttested } : {}),
    },
    etag: certificate.etag,
  };
}

/** The answer to generateVerificationCode. */
export function formatVerificationCode(certificate: SigningCertificate): { verificationCode: string; expiresAt?: string } {
  const { verificationCode, codeExpiresAt } = certificate;
  if (verificationCode === undefined) throw new Error('a code was made and is not there');
  return { verificationCode, ...(codeExpiresAt === undefined ? {} : { expiresAt: formatInstant(codeExpiresAt) }) };
}
