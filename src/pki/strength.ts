import type { Certificate } from './certificate.ts';
import { isStrong } from './signature-algorithm.ts';

/** What is too weak about a CA's key, or nothing: P-256, P-384, P-521 or RSA of 2048 to 8192 bits (sphere.md 2.8). */
export function keyWeakness({ keyAlgorithm }: Certificate): string | undefined {
  if (keyAlgorithm.kind === 'ec') {
    return ['P-256', 'P-384', 'P-521'].includes(keyAlgorithm.curve) ? undefined : `its key is on the curve ${keyAlgorithm.curve}`;
  }
  if (keyAlgorithm.kind === 'rsa') {
    return keyAlgorithm.bits >= 2048 && keyAlgorithm.bits <= 8192 ? undefined : `its RSA key has ${keyAlgorithm.bits} bits`;
  }
  return `its key is of the kind ${keyAlgorithm.name}`;
}

/** What is too weak about the signature on a certificate, or nothing: collisions can be made for SHA-1 and older. */
export function signatureWeakness({ signatureAlgorithm }: Certificate): string | undefined {
  return isStrong(signatureAlgorithm) ? undefined : `it is signed with ${signatureAlgorithm.name}`;
}
