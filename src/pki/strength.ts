import type { Certificate } from './certificate.ts';
import { isStrong } from './signature-algorithm.ts';

/** Everybody's is 65537, some old ones' 3. What is as long as the key makes each verification a hundred times as dear, for us. */
const exponentMax = 2n ** 32n;

/** What is too weak about a CA's key, or nothing: P-256, P-384, P-521 or RSA of 2048 to 8192 bits (sphere.md 2.8). */
export function keyWeakness({ keyAlgorithm, publicKey }: Certificate): string | undefined {
  if (keyAlgorithm.kind === 'ec') {
    return ['P-256', 'P-384', 'P-521'].includes(keyAlgorithm.curve) ? undefined : `its key is on the curve ${keyAlgorithm.curve}`;
  }
  if (keyAlgorithm.kind === 'rsa') {
    if (keyAlgorithm.bits < 2048 || keyAlgorithm.bits > 8192) return `its RSA key has ${keyAlgorithm.bits} bits`;
    const exponent = publicKey.asymmetricKeyDetails?.publicExponent ?? 0n;
    return exponent >= 3n && exponent <= exponentMax ? undefined : 'its RSA key has an unusual exponent';
  }
  return `its key is of the kind ${keyAlgorithm.name}`;
}

/** What is too weak about the signature on a certificate, or nothing: collisions can be made for SHA-1 and older. */
export function signatureWeakness({ signatureAlgorithm }: Certificate): string | undefined {
  return isStrong(signatureAlgorithm) ? undefined : `it is signed with ${signatureAlgorithm.name}`;
}
