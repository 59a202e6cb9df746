import { createPrivateKey, createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { sha256Hex } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';

export type KeyPair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export function generateEcKey(curve: 'P-256' | 'P-384'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

/** RSA takes long enough that it must not hold up the process. */
export function generateRsaKey(bits: 2048 | 3072 | 4096): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', { modulusLength: bits });
}

/** PKCS#8 PEM: a secret, for a file of mode 0600 or a sealed store. */
export function exportPrivateKeyPem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** Reads an unencrypted PKCS#8, SEC 1 or PKCS#1 PEM. Throws Problem `argument-invalid`, without a word of the text. */
export function importPrivateKeyPem(pem: string | Buffer): KeyPair {
  try {
    const privateKey = createPrivateKey(pem);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    throw new Problem('argument-invalid', 'The private key could not be read.');
  }
}

/** Lower-case SHA-256 of a public key's SubjectPublicKeyInfo: which key it is, whoever certifies it. */
export function spkiSha256Of(publicKey: KeyObject): string {
  return sha256Hex(publicKey.export({ type: 'spki', format: 'der' }));
}

/** The Sphere device id that a P-256 public key is: X then Y as 128 lower-case hex characters (sphere.md 0.2). */
export function deviceIdOf(publicKey: KeyObject): string {
  const { x, y } = publicKey.export({ format: 'jwk' });
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1' || x === undefined || y === undefined) {
    throw new Problem('argument-invalid', 'A device id is a P-256 public key.');
  }
  return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('hex');
}

/** The key that a device id is, in either case of hex; undefined when it is not a point on the curve. */
export function publicKeyOfDeviceId(deviceId: string): KeyObject | undefined {
  if (!/^[0-9a-fA-F]{128}$/.test(deviceId)) return undefined;
  const point = Buffer.from(deviceId, 'hex');
  const x = point.subarray(0, 32).toString('base64url');
  const y = point.subarray(32).toString('base64url');
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
