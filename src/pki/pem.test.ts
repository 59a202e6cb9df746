import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { makeCa, makeLeaf, makeSphereAuthorities } from '#test/support/certificates.ts';
import { exportPrivateKeyPem } from './key.ts';
import { parseCertificateFile, parsePemChain, toPem } from './pem.ts';
import { exportPkcs7Chain, parsePkcs7Chain } from './pkcs7.ts';

const ca = makeCa();

function reasonOf(run: () => unknown): string | undefined {
  try {
    run();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'certificate-invalid', String(error));
    return error.reason;
  }
}

test('one certificate is read from DER, PEM and bare base64, with whatever text and line ends around', () => {
  const base64 = ca.der.toString('base64');
  const files = [
    ca.der,
    Buffer.from(ca.pem),
    Buffer.from(`Subject: CN=Test CA\n${ca.pem}\n\n`),
    Buffer.from(`\ufeff${ca.pem.replaceAll('\n', '\r\n')}`),
    Buffer.from(ca.pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')),
    Buffer.from(base64),
    Buffer.from(`${base64.match(/.{1,76}/g)?.join('\r\n')}\r\n`),
  ];
  for (const file of files) assert.deepEqual(parseCertificateFile(file), ca.der);
});

const privateKey = exportPrivateKeyPem(ca.privateKey);
const pkcs8 = ca.privateKey.export({ type: 'pkcs8', format: 'der' });
const sec1 = ca.privateKey.export({ type: 'sec1', format: 'der' });
const pkcs7 = exportPkcs7Chain([ca.der]);

const refused: [string, Buffer, string][] = [
  ['PKCS#7 as DER', pkcs7, 'file-pkcs7'],
  ['PKCS#7 as base64', Buffer.from(pkcs7.toString('base64')), 'file-pkcs7'],
  ['PKCS#7 as PEM', Buffer.from(toPem('PKCS7', pkcs7)), 'file-pkcs7'],
  ['two PEM blocks', Buffer.from(ca.pem + ca.pem), 'file-several-certificates'],
  ['two DER certificates', Buffer.concat([ca.der, ca.der]), 'file-several-certificates'],
  ['a PEM with a private key after the certificate', Buffer.from(ca.pem + privateKey), 'file-private-key'],
  ['a PEM with a private key before the certificate', Buffer.from(privateKey + ca.pem), 'file-private-key'],
  ['an encrypted private key', Buffer.from(toPem('ENCRYPTED PRIVATE KEY', pkcs8)), 'file-private-key'],
  ['a private key as PKCS#8 DER', pkcs8, 'file-private-key'],
  ['a private key as SEC 1 DER', sec1, 'file-private-key'],
  ['1 MiB of input', Buffer.alloc(1 << 20, 0x30), 'file-too-large'],
  ['one byte more than 16 KiB', Buffer.alloc(16 * 1024 + 1, 0x30), 'file-too-large'],
  ['16 KiB of nested sequences', Buffer.alloc(16 * 1024, Buffer.of(0x30, 0x80)), 'certificate-malformed'],
  ['an empty file', Buffer.alloc(0), 'certificate-malformed'],
  ['noise', Buffer.from('~~~'), 'certificate-malformed'],
  ['a PEM block without an end', Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB'), 'certificate-malformed'],
  ['a PEM block of another kind', Buffer.from(toPem('CERTIFICATE REQUEST', ca.der)), 'certificate-malformed'],
  ['a byte after the certificate', Buffer.concat([ca.der, Buffer.of(0)]), 'certificate-malformed'],
  ['a certificate cut short', ca.der.subarray(0, -1), 'certificate-malformed'],
];
for (const [name, file, reason] of refused) {
  test(`sphere 40: ${name} is refused as ${reason}`, () =>
    assert.equal(
      reasonOf(() => parseCertificateFile(file)),
      reason,
    ));
}

test('sphere 40: a PKCS#12 store as OpenSSL writes it is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'homeport-pem-'));
  try {
    const [cert, key, store] = ['c.pem', 'k.pem', 's.p12'].map((name) => join(folder, name));
    assert.ok(cert && key && store);
    writeFileSync(cert, ca.pem);
    writeFileSync(key, privateKey, { mode: 0o600 });
    execFileSync('openssl', ['pkcs12', '-export', '-in', cert, '-inkey', key, '-out', store, '-passout', 'pass:x']);
    assert.equal(
      reasonOf(() => parseCertificateFile(readFileSync(store))),
      'file-pkcs12',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no refusal of a private key quotes it', () => {
  try {
    parseCertificateFile(Buffer.from(ca.pem + privateKey));
    assert.fail('accepted');
  } catch (error) {
    const line = privateKey.split('\n')[1] ?? '';
    assert.ok(error instanceof Problem && !error.message.includes(line));
  }
});

test('a chain file is read leaf first, and its key block is passed over', () => {
  const leaf = makeLeaf({ issuer: ca });
  assert.deepEqual(parsePemChain(exportPrivateKeyPem(leaf.privateKey) + leaf.pem + ca.pem), [leaf.der, ca.der]);
  assert.equal(
    reasonOf(() => parsePemChain(privateKey)),
    'certificate-malformed',
  );
  assert.equal(
    reasonOf(() => parsePemChain(ca.pem.repeat(11))),
    'file-several-certificates',
  );
});

test('sphere 17: OpenSSL lists root, policy and tenant of a PKCS#7 chain in that order, and no signer', async () => {
  const { root, policy, tenant } = await makeSphereAuthorities();
  const chain = exportPkcs7Chain([root.der, policy.der, tenant.der]);
  const printed = execFileSync('openssl', ['pkcs7', '-inform', 'DER', '-print_certs', '-noout'], {
    input: chain,
    encoding: 'utf8',
  });
  const subjects = printed
    .split('\n')
    .filter((line) => line.startsWith('subject='))
    .map((line) => line.replace(/.*CN = /, ''));
  const names = [root, policy, tenant].map(({ certificate }) => certificate.commonNames[0]);
  assert.deepEqual(subjects, names);
  assert.match(
    execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: chain, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '',
    /l= {3}0 cons: SET/,
  );
  assert.deepEqual(parsePkcs7Chain(chain), [root.der, policy.der, tenant.der]);
});

test('what is no PKCS#7 chain is refused', () => {
  for (const bytes of [Buffer.alloc(0), ca.der, Buffer.alloc(70_000, 0x30), pkcs7.subarray(0, -1)]) {
    assert.equal(
      reasonOf(() => parsePkcs7Chain(bytes)),
      'certificate-malformed',
    );
  }
});
