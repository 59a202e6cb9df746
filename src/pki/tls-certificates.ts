import { X509Certificate } from 'node:crypto';

/** OpenSSL takes no longer Certificate message, each with its length before it. */
export const tlsCertificatesBytesMax = 100 * 1024;

/** Whether a TLS server takes so much from a peer. */
export function fitsInHandshake(certificates: readonly Buffer[]): boolean {
  return certificates.reduce((sum, der) => sum + 3 + der.length, 3) <= tlsCertificatesBytesMax;
}

/**
 * A certificate as it comes out of a TLS handshake: OpenSSL reads it, and hands it on in its own encoding. Undefined
 * for what ends a handshake: bytes that are no certificate, or more than one.
 */
export function throughTls(der: Buffer): Buffer | undefined {
  // Node takes PEM as well, and passes over what follows.
  if (der[0] !== 0x30 || lengthOf(der) !== der.length) return undefined;
  try {
    return new X509Certificate(der).raw;
  } catch {
    return undefined;
  }
}

/** Of an element whose length may be written with more bytes than it needs, which OpenSSL takes. */
function lengthOf(der: Buffer): number {
  const first = der[1] ?? 0;
  // An indefinite length ends where its content says.
  if (first <= 0x80) return first === 0x80 ? der.length : 2 + first;
  const size = first & 0x7f;
  const digits = der.subarray(2, 2 + size);
  if (digits.length < size) return Number.NaN;
  return 2 + size + digits.reduce((length, digit) => length * 256 + digit, 0);
}
