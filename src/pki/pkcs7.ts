import 'reflect-metadata';
import { X509Certificate, X509Certificates } from '@peculiar/x509';
import { Problem } from '#base/problem.ts';
import { toArrayBuffer } from './certificate-schema.ts';
import { requireDer } from './der.ts';

const chainCertificatesMax = 10;
const chainBytesMax = 64 * 1024;

/** A chain as the original hands it out: PKCS#7 without signers, certificates in the order given (sphere.md 2.3). */
export function exportPkcs7Chain(ders: readonly Uint8Array[]): Buffer {
  return Buffer.from(new X509Certificates(ders.map((der) => new X509Certificate(toArrayBuffer(der)))).export('raw'));
}

/** The certificates of a PKCS#7 chain in their order, each as DER. Throws Problem `certificate-invalid`. */
export function parsePkcs7Chain(der: Uint8Array): Buffer[] {
  try {
    if (der.length > chainBytesMax) throw new Error('too large');
    requireDer(der);
    const certificates = [...new X509Certificates(toArrayBuffer(der))].map((certificate) => Buffer.from(certificate.rawData));
    if (certificates.length > chainCertificatesMax) throw new Error('too many certificates');
    return certificates;
  } catch (cause) {
    throw new Problem('certificate-invalid', 'The file is not a PKCS#7 chain of certificates.', {
      reason: 'certificate-malformed',
      cause,
    });
  }
}
