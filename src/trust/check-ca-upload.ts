import { formatInstant, type Instant, minuteMs } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { keyWeakness, signatureWeakness } from '#pki/strength.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** How far clocks may be apart between who made a certificate and us. */
export const clockSkewMs = 5 * minuteMs;

/**
 * Decides whether a certificate may be uploaded as a CA (sphere.md 2.8). It becomes a trust anchor
 * once possession is proven, so what would make every later chain fail is said here.
 *
 * It need not be self-signed and need not have key identifiers or a path length: the original's
 * tenant CAs have none of these. basicConstraints it must have, which OpenSSL does not ask for.
 */
export function checkCaUpload(certificate: Certificate, at: Instant): Verdict<Certificate> {
  const trace: TraceStep[] = [];
  const passed = (check: string) => trace.push({ check, passed: true });
  if (certificate.version !== 3)
    return refuse('issuer-not-ca', `The certificate is of X.509 version ${certificate.version}, not 3.`, { trace });
  if (!certificate.basicConstraints) {
    return refuse('issuer-not-ca', 'The certificate does not say that it is a CA: it has no basicConstraints.', {
      trace,
      fix: makeCaFix,
    });
  }
  if (!certificate.basicConstraints.isCa) {
    return refuse('issuer-not-ca', 'The certificate says that it is not a CA (CA:FALSE).', {
      trace,
      fix: 'Upload the CA certificate that signs the devices, not a device certificate.',
    });
  }
  passed('issuer-not-ca');
  if (certificate.keyUsage && !certificate.keyUsage.has('keyCertSign')) {
    return refuse('issuer-usage', 'The key usage of the certificate does not allow signing certificates.', {
      trace,
      fix: makeCaFix,
    });
  }
  passed('issuer-usage');
  const weakness = keyWeakness(certificate) ?? signatureWeakness(certificate);
  if (weakness !== undefined) {
    return refuse('certificate-too-weak', `The certificate is too weak: ${weakness}.`, {
      trace,
      fix: 'Use a P-256, P-384, P-521 or RSA key of at least 2048 bits, and SHA-256 or better.',
    });
  }
  passed('certificate-too-weak');
  const [unknown] = certificate.unknownCriticalExtensions;
  if (unknown !== undefined) {
    return refuse(
      'critical-extension-unknown',
      `The certificate has the critical extension ${unknown}, whose meaning would be ignored.`,
      { trace },
    );
  }
  passed('critical-extension-unknown');
  if (at > certificate.notAfter + clockSkewMs) {
    return refuse('certificate-expired', `The certificate ended at ${formatInstant(certificate.notAfter)}.`, { trace });
  }
  if (at < certificate.notBefore - clockSkewMs) {
    return refuse('certificate-not-yet-valid', `The certificate begins at ${formatInstant(certificate.notBefore)}.`, { trace });
  }
  passed('certificate-expired');
  return accept(certificate, trace);
}

const makeCaFix = 'Make the CA certificate with basicConstraints CA:TRUE and key usage keyCertSign.';
