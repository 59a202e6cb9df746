import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { makeCa, makeCertificate } from '#test/support/certificates.ts';
import { makeList } from '#test/support/odd-list.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import { evidenceFileBytesMax, readEvidenceFile } from './evidence-file.ts';
import { exportPrivateKeyPem } from './key.ts';
import { toPem } from './pem.ts';

const [one, two] = [makeCa({ name: 'One' }), makeCa({ name: 'Two' })];
const list = makeList({ issuer: one });

function whyNot(file: Buffer, kind: 'certificate' | 'list' = 'certificate'): string {
  try {
    readEvidenceFile(file, kind);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Problem && error.reason === 'certificate-malformed', String(error));
    return error.message;
  }
}

test('DER: one structure, or several one after the other', () => {
  assert.deepEqual(readEvidenceFile(one.der, 'certificate'), [one.der]);
  assert.deepEqual(readEvidenceFile(Buffer.concat([one.der, two.der]), 'certificate'), [one.der, two.der]);
  assert.deepEqual(readEvidenceFile(list, 'list'), [list]);
});

test('PEM: any number of blocks with anything around them, and what is of another kind passed over', () => {
  const text = `subject=One\r\n${one.pem.replaceAll('\n', '\r\n')}\r\n${exportPrivateKeyPem(one.privateKey)}${two.pem}${toPem('X509 CRL', list)}trailing`;
  assert.deepEqual(readEvidenceFile(Buffer.from(text), 'certificate'), [one.der, two.der]);
  assert.deepEqual(readEvidenceFile(Buffer.from(text), 'list'), [list]);
  const old = one.pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE');
  assert.deepEqual(readEvidenceFile(Buffer.from(old), 'certificate'), [one.der]);
});

test('what OpenSSL adds behind a certificate in its own kind of block is left out', () => {
  const trusted = execFileSync('openssl', ['x509', '-trustout', '-addtrust', 'clientAuth'], { input: one.pem });
  assert.match(trusted.toString(), /BEGIN TRUSTED CERTIFICATE/);
  assert.deepEqual(readEvidenceFile(trusted, 'certificate'), [one.der]);
});

test('a certificate in whose names stands a PEM block is that certificate', () => {
  const trojan = makeCertificate({ subject: [['CN', two.pem]] });
  assert.deepEqual(readEvidenceFile(trojan.der, 'certificate'), [trojan.der]);
});

test('what is cut off takes nothing of its neighbour', () => {
  const cut = one.pem.slice(0, 200);
  assert.deepEqual(readEvidenceFile(Buffer.from(`${cut}\n${two.pem}`), 'certificate'), [two.der]);
  const der = Buffer.concat([one.der, two.der.subarray(0, -1)]);
  assert.deepEqual(readEvidenceFile(der, 'certificate'), [one.der, two.der.subarray(0, -1)]);
});

test('files that hold none say so, by kind; what is no text is handed on to its reader', () => {
  assert.match(whyNot(Buffer.alloc(0)), /it holds no certificate/);
  assert.match(whyNot(Buffer.from(one.pem), 'list'), /it holds no revocation list/);
  assert.match(whyNot(Buffer.from(toPem('X509 CRL', list))), /it holds no certificate/);
  assert.match(whyNot(Buffer.from('-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----')), /a block is not base64/);
  const noise = Buffer.from('no certificate');
  assert.deepEqual(readEvidenceFile(noise, 'certificate'), [noise]);
});

test('too many blocks, structures or bytes are refused, soon', () => {
  const time = startProcessorTime();
  assert.match(
    whyNot(Buffer.from('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'.repeat(1_001))),
    /more than 1000 blocks/,
  );
  assert.match(whyNot(Buffer.concat(Array.from({ length: 1_001 }, () => Buffer.of(0x30, 0)))), /more than 1000 structures/);
  assert.match(whyNot(Buffer.alloc(evidenceFileBytesMax + 1, 0x30)), /more than 4194304 bytes/);
  assert.match(whyNot(Buffer.from(`-----BEGIN ${'A'.repeat(4_000_000)}`)), /it holds no certificate/);
  assert.match(whyNot(Buffer.from('-----BEGIN CERTIFICATE-----\n'.repeat(140_000))), /it holds no certificate/);
  assert.ok(time() < 2_000);
});
