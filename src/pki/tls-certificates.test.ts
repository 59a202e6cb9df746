import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCa } from '#test/support/certificates.ts';
import { fitsInHandshake, throughTls, tlsCertificatesBytesMax } from './tls-certificates.ts';

const ca = makeCa();

test('a certificate comes out of a handshake as it is, and one with a longer length than it needs in the short form', () => {
  assert.deepEqual(throughTls(ca.der), ca.der);
  const content = ca.der.subarray(4);
  const long = Buffer.concat([Buffer.of(0x30, 0x83, 0, content.length >> 8, content.length & 0xff), content]);
  assert.deepEqual(throughTls(long), ca.der);
});

test('what ends a handshake: more bytes or fewer, PEM, noise, nothing', () => {
  const ends = [
    Buffer.concat([ca.der, Buffer.of(0)]),
    ca.der.subarray(0, -1),
    Buffer.from(ca.pem),
    Buffer.concat([ca.der, ca.der]),
    Buffer.of(0x30, 0x80),
    Buffer.of(0x30, 0x82, 1),
    Buffer.of(0x30, 0),
    Buffer.alloc(50, 7),
    Buffer.alloc(0),
  ];
  for (const bytes of ends) assert.equal(throughTls(bytes), undefined, bytes.toString('hex').slice(0, 40));
});

test('all of them together fit, each with its length, or do not', () => {
  const one = tlsCertificatesBytesMax - 6;
  assert.ok(fitsInHandshake([Buffer.alloc(one)]));
  assert.ok(!fitsInHandshake([Buffer.alloc(one + 1)]));
  assert.ok(!fitsInHandshake([Buffer.alloc(one - 2), Buffer.alloc(0)]));
  assert.ok(fitsInHandshake([]));
});
