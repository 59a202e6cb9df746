import { createHash, timingSafeEqual } from 'node:crypto';

/** Equality whose duration tells nothing about where two secrets differ. */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  // Hashing first makes the lengths equal, so that not even they leak.
  return timingSafeEqual(sha256(a), sha256(b));
}

export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Upper-case SHA-1 of a certificate's DER: an identifier, never a security decision alone (sphere.md 2.4). */
export function sha1Thumbprint(der: Uint8Array): string {
  return createHash('sha1').update(der).digest('hex').toUpperCase();
}

/** Strict standard base64, padding optional, white space ignored; anything else gives undefined. */
export function parseBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replace(/=+$/, '').length % 4 === 1) return undefined;
  return Buffer.from(compact, 'base64');
}

/**
 * A copy to be kept, in memory of its own. `Buffer.from` takes a small one out of a piece that it shares with whatever is
 * copied around that time, and the whole piece lives as long as the last of them: a thousand messages of a hundred
 * bytes can hold a thousand pieces.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
