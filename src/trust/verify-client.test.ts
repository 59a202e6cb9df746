import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCa, makeLeaf, testNow } from '#test/support/certificates.ts';
import { verifyClient } from './verify-client.ts';

const root = makeCa({ name: 'Root' });
const line = makeCa({ name: 'Line', issuer: root });
const leaf = makeLeaf({ issuer: line });

function verdictOf(...certificates: Buffer[]): string {
  const verdict = verifyClient({
    certificates,
    anchors: [root.certificate],
    crls: [],
    revocation: 'listed',
    at: testNow,
    purpose: 'client',
  });
  return verdict.accepted ? 'accepted' : `${verdict.refusal.reason}: ${verdict.refusal.detail}`;
}

test('a chain in any order, with the same one again and with strangers between, is accepted', () => {
  const stranger = makeCa({ name: 'Stranger' });
  assert.equal(verdictOf(leaf.der, line.der), 'accepted');
  assert.equal(verdictOf(leaf.der, leaf.der, stranger.der, line.der, line.der, root.der), 'accepted');
});

test('what ends a handshake is refused: bytes that are no certificate, wherever, and too many of them', () => {
  assert.match(verdictOf(), /^certificate-missing/);
  assert.match(verdictOf(Buffer.of(1)), /^certificate-malformed: This is not well-formed DER/);
  assert.match(verdictOf(leaf.der, line.der, Buffer.of(1)), /^certificate-malformed: Certificate 3 is none/);
  assert.match(verdictOf(leaf.der, Buffer.concat([line.der, Buffer.of(0)])), /^certificate-malformed: Certificate 2 is none/);
  const many = Array.from({ length: 400 }, () => line.der);
  assert.match(verdictOf(leaf.der, ...many), /^message-too-large: A TLS handshake takes at most 102400 bytes/);
});

test('of those beside the leaf the first nine count', () => {
  const others = (count: number) => Array.from({ length: count }, (_, index) => makeCa({ name: `Other ${index}` }).der);
  assert.equal(verdictOf(leaf.der, ...others(8), line.der), 'accepted');
  assert.match(verdictOf(leaf.der, ...others(9), line.der), /^issuer-unknown/);
});
