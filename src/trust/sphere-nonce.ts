import { createHmac } from 'node:crypto';
import { constantTimeEqual } from '#base/bytes.ts';
import { type Instant, instant, secondMs } from '#base/instant.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

/**
 * Nonces that need no storage until they are redeemed (sphere.md 3.4): version 1, expiry 8, random 16,
 * tag 16 bytes. The tag binds device, tenant and service, so a flood of requests costs us nothing and
 * a nonce is worthless to anybody but the device it was asked for.
 */
const version = 1;
const bodyBytes = 1 + 8 + 16;
const tagBytes = 16;

export type NonceBinding = { readonly deviceId: string; readonly tenantId: string; readonly audience: string };

/** `random` has 16 bytes. */
export function sealNonce(key: Buffer, binding: NonceBinding, expiresAt: Instant, random: Buffer): string {
  const body = Buffer.alloc(bodyBytes);
  body.writeUInt8(version, 0);
  body.writeBigUInt64BE(BigInt(expiresAt), 1);
  random.copy(body, 9, 0, 16);
  return Buffer.concat([body, tagOf(key, body, binding)]).toString('base64url');
}

/** What identifies a nonce once its tag held: insert `id` to redeem it. */
export type CheckedNonce = { readonly id: string; readonly expiresAt: Instant };

/** `keys` are the current key and the one before it. */
export function checkNonce(nonce: string, keys: readonly Buffer[], binding: NonceBinding, at: Instant): Verdict<CheckedNonce> {
  const bytes = Buffer.from(nonce, 'base64url');
  // The round trip rejects the spellings that base64url decoders forgive: one nonce, one text.
  if (bytes.length !== bodyBytes + tagBytes || bytes.toString('base64url') !== nonce || bytes[0] !== version) {
    return refuse('nonce-invalid', 'The nonce does not have the form of one of ours.', { check: 'nonce form' });
  }
  const body = bytes.subarray(0, bodyBytes);
  const tag = bytes.subarray(bodyBytes);
  // Every key is tried, so that the time taken does not tell which one matched.
  const matches = keys.filter((key) => constantTimeEqual(tag, tagOf(key, body, binding)));
  if (matches.length === 0) {
    return refuse('nonce-invalid', 'The nonce was not issued here for this device, this tenant and this service.', {
      check: 'nonce tag',
      trace: [{ check: 'nonce form', passed: true }],
    });
  }
  const trace = [
    { check: 'nonce form', passed: true },
    { check: 'nonce tag', passed: true },
  ];
  const expiresAt = instant(Number(body.readBigUInt64BE(1)));
  if (at >= expiresAt) {
    const late = Math.round((at - expiresAt) / secondMs);
    return refuse('nonce-expired', `The nonce expired ${late} s ago.`, {
      check: 'nonce expiry',
      trace,
      fix: 'Ask for a new nonce and send the evidence at once.',
    });
  }
  return accept({ id: body.toString('base64url'), expiresAt }, [...trace, { check: 'nonce expiry', passed: true }]);
}

function tagOf(key: Buffer, body: Buffer, binding: NonceBinding): Buffer {
  // Device and tenant have fixed lengths and the audience comes last, so no two bindings read alike.
  return createHmac('sha256', key)
    .update(body)
    .update(binding.deviceId.toLowerCase().padEnd(128))
    .update(binding.tenantId.toLowerCase().padEnd(36))
    .update(binding.audience)
    .digest()
    .subarray(0, tagBytes);
}
