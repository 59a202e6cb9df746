import { formatInstantTicks } from '#base/instant.ts';
import { parseCertificate } from '#pki/certificate.ts';
import type { SealedKeys } from '#storage/sealed-keys.ts';
import type { EnrollmentAttestation } from '../enrollments/enrollment.ts';
import type { GroupAttestation } from '../enrollments/enrollment-group.ts';

/** Keys stand in the answer to whoever just wrote them or asks for nothing else; everything else hides them (dps-service-protocol.md 4.2). */
export type KeyDisplay = 'shown' | 'hidden';

/** Exactly one family of certificates is there, since C# refuses two. */
const noFamily = { clientCertificates: null, signingCertificates: null, caReferences: null };

export function formatEnrollmentAttestation(attestation: EnrollmentAttestation, keys: KeyDisplay) {
  if (attestation.type === 'symmetricKey') return formatKeys(attestation.keys, keys);
  const { primaryThumbprint, secondaryThumbprint, primaryCertificate, secondaryCertificate } = attestation;
  const clientCertificates = {
    primary: formatLeaf(primaryCertificate, primaryThumbprint),
    secondary: formatLeaf(secondaryCertificate, secondaryThumbprint),
  };
  return { type: 'x509', x509: { ...noFamily, clientCertificates } };
}

export function formatGroupAttestation(attestation: GroupAttestation, keys: KeyDisplay) {
  if (attestation.type === 'symmetricKey') return formatKeys(attestation.keys, keys);
  const { primaryCertificate, secondaryCertificate, primaryCertificateId, secondaryCertificateId } = attestation;
  if (primaryCertificate ?? secondaryCertificate) {
    const signingCertificates = { primary: formatLeaf(primaryCertificate), secondary: formatLeaf(secondaryCertificate) };
    return { type: 'x509', x509: { ...noFamily, signingCertificates } };
  }
  const caReferences = { primary: primaryCertificateId ?? null, secondary: secondaryCertificateId ?? null };
  return { type: 'x509', x509: { ...noFamily, caReferences } };
}

function formatKeys(keys: SealedKeys, display: KeyDisplay) {
  return { type: 'symmetricKey', ...(display === 'shown' && { symmetricKey: keys.reveal() }) };
}

/** The certificate itself stays here; of one that came as a thumbprint there is no more to say. */
function formatLeaf(der: Buffer | undefined, thumbprint?: string) {
  if (der === undefined) return thumbprint === undefined ? null : { info: thumbprintInfo(thumbprint) };
  const certificate = parseCertificate(der);
  return {
    info: {
      subjectName: certificate.subject,
      sha1Thumbprint: certificate.sha1Thumbprint.toUpperCase(),
      sha256Thumbprint: certificate.sha256Thumbprint.toUpperCase(),
      issuerName: certificate.issuer,
      notBeforeUtc: formatInstantTicks(certificate.notBefore),
      notAfterUtc: formatInstantTicks(certificate.notAfter),
      serialNumber: certificate.serialHex,
      version: certificate.version,
    },
  };
}

function thumbprintInfo(thumbprint: string) {
  return { [thumbprint.length === 40 ? 'sha1Thumbprint' : 'sha256Thumbprint']: thumbprint.toUpperCase() };
}
