import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, minuteMs, plus } from '#base/instant.ts';
import { checkNonce, sealNonce } from './sphere-nonce.ts';

const at = instant(Date.UTC(2026, 5, 1));
const key = Buffer.alloc(32, 1);
const binding = { deviceId: 'ab'.repeat(64), tenantId: '0'.repeat(36), audience: 'https://a/0' };
const expiresAt = plus(at, 2 * minuteMs);
const nonce = sealNonce(key, binding, expiresAt, Buffer.alloc(16, 9));
const reasonOf = (text: string, keys = [key], bound = binding, now = at) => {
  const verdict = checkNonce(text, keys, bound, now);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
};

test('a nonce has 41 bytes and is accepted for what it was sealed for', () => {
  assert.equal(Buffer.from(nonce, 'base64url').length, 41);
  assert.equal(reasonOf(nonce), 'accepted');
});

test('a nonce under the previous key is accepted, one under an older key is not', () => {
  assert.equal(reasonOf(nonce, [Buffer.alloc(32, 2), key]), 'accepted');
  assert.equal(reasonOf(nonce, [Buffer.alloc(32, 2), Buffer.alloc(32, 3)]), 'nonce-invalid');
  assert.equal(reasonOf(nonce, []), 'nonce-invalid');
});

test('sphere 62: a nonce for another device, tenant or service is refused', () => {
  assert.equal(reasonOf(nonce, [key], { ...binding, deviceId: 'cd'.repeat(64) }), 'nonce-invalid');
  assert.equal(reasonOf(nonce, [key], { ...binding, tenantId: '1'.repeat(36) }), 'nonce-invalid');
  assert.equal(reasonOf(nonce, [key], { ...binding, audience: 'https://b/0' }), 'nonce-invalid');
});

test('sphere 63: a nonce is refused from its expiry on', () => {
  assert.equal(reasonOf(nonce, [key], binding, plus(expiresAt, -1)), 'accepted');
  assert.equal(reasonOf(nonce, [key], binding, expiresAt), 'nonce-expired');
});

test('a nonce with any byte changed is refused', () => {
  const bytes = Buffer.from(nonce, 'base64url');
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
    assert.equal(reasonOf(changed.toString('base64url')), 'nonce-invalid', `byte ${i}`);
  }
});

test('another spelling, length or alphabet of a nonce is refused: one nonce has one text', () => {
  const spelled = Buffer.from(nonce, 'base64url').toString('base64');
  for (const text of [
    '',
    'x',
    `${nonce}=`,
    `${nonce}A`,
    nonce.slice(0, -1),
    ` ${nonce}`,
    spelled.endsWith('=') ? spelled : `${spelled}=`,
  ]) {
    assert.equal(reasonOf(text), 'nonce-invalid', text);
  }
  // 41 bytes leave two unused bits in the last character, which decoders ignore.
  const twin = nonce.slice(0, -1) + String.fromCharCode((nonce.at(-1) ?? '').charCodeAt(0) + 1);
  assert.equal(reasonOf(twin), 'nonce-invalid');
});

test('device ids in either case mean the same nonce', () => {
  assert.equal(reasonOf(nonce, [key], { ...binding, deviceId: binding.deviceId.toUpperCase() }), 'accepted');
});
