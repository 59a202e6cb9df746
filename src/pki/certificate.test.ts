import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import {
  makeCa,
  makeCertificate,
  makeDailyLeaf,
  makeLeaf,
  makeOriginalProof,
  makeOriginalTenantCa,
  makeSphereAuthorities,
  rsaKey,
  type TestCertificate,
} from '#test/support/certificates.ts';
import { isSignedBy, parseCertificate } from './certificate.ts';
import { makeExtension } from './issue.ts';

const ca = makeCa();

/** 'accepted' or the problem's reason; anything but a Problem `certificate-invalid` fails the test. */
function parseOutcome(der: Uint8Array): string {
  try {
    parseCertificate(der);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'certificate-invalid', String(error));
    return error.reason ?? '';
  }
}

test('what we read of a certificate is what Node and OpenSSL read of it', async () => {
  const { root, policy, tenant } = await makeSphereAuthorities();
  const { leaf } = await makeDailyLeaf(tenant);
  const rsa = makeCa({ key: rsaKey(2048) });
  for (const { certificate } of [root, policy, tenant, leaf, rsa, ca, makeOriginalTenantCa()]) {
    const other = new X509Certificate(certificate.der);
    assert.equal(certificate.sha1Thumbprint, other.fingerprint.replaceAll(':', ''));
    assert.equal(certificate.sha256Thumbprint, other.fingerprint256.replaceAll(':', '').toLowerCase());
    assert.equal(certificate.serialHex.replace(/^00/, ''), other.serialNumber);
    assert.equal(certificate.notBefore, Date.parse(other.validFrom));
    assert.equal(certificate.notAfter, Date.parse(other.validTo));
    assert.equal(certificate.basicConstraints?.isCa ?? false, other.ca);
    assert.ok(certificate.publicKey.equals(other.publicKey));
    assert.deepEqual(certificate.extendedKeyUsage, other.keyUsage);
  }
  assert.ok(new X509Certificate(leaf.der).verify(tenant.publicKey) && isSignedBy(leaf.certificate, tenant.certificate));
  assert.ok(!isSignedBy(leaf.certificate, policy.certificate) && !isSignedBy(leaf.certificate, rsa.certificate));
});

test('sphere 18: the thumbprint is the upper-case SHA-1 of the DER, 40 characters', () => {
  const fingerprint = new X509Certificate(ca.der).fingerprint.replaceAll(':', '');
  assert.match(ca.certificate.sha1Thumbprint, /^[0-9A-F]{40}$/);
  assert.equal(ca.certificate.sha1Thumbprint, fingerprint);
});

test('the serial keeps the leading 00 of its DER', () => {
  const { certificate } = makeCertificate({ serial: Buffer.from(`00${'ab'.repeat(16)}`, 'hex') });
  assert.equal(certificate.serialHex, `00${'AB'.repeat(16)}`);
});

test('names are printed most specific first, with the state as S and special characters escaped', () => {
  assert.equal(
    makeOriginalTenantCa().certificate.subject,
    'CN=Microsoft Azure Sphere 3d2f3a2c-6f0e-4d52-9a42-6f0f9a1c0c11, O=Microsoft Corporation, L=Redmond, S=WA, C=US',
  );
  const { certificate } = makeCertificate({
    subject: [
      ['O', 'A, B = "C"'],
      ['CN', '#x\u001b[31m\u202e '],
    ],
  });
  assert.equal(certificate.subject, 'CN=\\#x\\1B[31m\\E2\\80\\AE\\ , O=A\\, B \\= \\"C\\"');
  assert.deepEqual(certificate.commonNames, ['#x\u001b[31m\u202e ']);
});

test('an empty extended key usage is read as an empty list, not as a missing one', () => {
  assert.deepEqual(makeOriginalProof(ca, 'code').certificate.extendedKeyUsage, []);
  assert.equal(ca.certificate.extendedKeyUsage, undefined);
});

test('every key usage bit is read under its name', () => {
  const names = [
    'digitalSignature',
    'nonRepudiation',
    'keyEncipherment',
    'dataEncipherment',
    'keyAgreement',
    'keyCertSign',
    'cRLSign',
    'encipherOnly',
    'decipherOnly',
  ] as const;
  for (const name of names) assert.deepEqual([...(makeCertificate({ keyUsage: [name] }).certificate.keyUsage ?? [])], [name]);
  assert.deepEqual([...(makeCertificate({ keyUsage: names }).certificate.keyUsage ?? [])], names);
});

function withExtension(...parameters: Parameters<typeof makeExtension>): () => TestCertificate {
  return () => makeCertificate({ extensions: [makeExtension(...parameters)] });
}

const malformedExtensions: [string, () => TestCertificate][] = [
  [
    'an extension that appears twice',
    () => makeCertificate({ extensions: [1, 2].map(() => makeExtension('1.2.3.4', Buffer.of(5, 0))) }),
  ],
  [
    'basicConstraints twice, once CA and once not',
    () => makeCertificate({ basicConstraints: { isCa: true }, extensions: [makeExtension('2.5.29.19', Buffer.of(0x30, 0))] }),
  ],
  ['basicConstraints that are no sequence', withExtension('2.5.29.19', Buffer.of(5, 0))],
  ['basicConstraints with bytes behind them', withExtension('2.5.29.19', Buffer.of(0x30, 0, 0))],
  ['a negative path length', withExtension('2.5.29.19', Buffer.from('30060101ff0201ff', 'hex'))],
  ['a key usage that is no bit string', withExtension('2.5.29.15', Buffer.of(4, 1, 1))],
  ['an empty extension value', withExtension('2.5.29.37', Buffer.alloc(0))],
  [
    'a common name that is no string',
    () => makeCertificate({ subjectDer: Buffer.from('300f310d300b0603550403040461626364', 'hex') }),
  ],
  [
    'a hundred extensions',
    () => makeCertificate({ extensions: Array.from({ length: 100 }, (_, i) => makeExtension(`1.2.3.${i}`, Buffer.of(5, 0))) }),
  ],
];
for (const [name, make] of malformedExtensions) {
  test(`${name} makes a certificate malformed`, () => {
    assert.throws(
      make,
      (error) => error instanceof Problem && error.code === 'certificate-invalid' && error.reason === 'certificate-malformed',
    );
  });
}

test('a signature algorithm outside that differs from the signed one inside is refused', () => {
  const der = Buffer.from(ca.der);
  const algorithm = Buffer.from('06082a8648ce3d040302', 'hex');
  const outer = der.lastIndexOf(algorithm);
  assert.ok(outer > der.indexOf(algorithm));
  der[outer + algorithm.length - 1] = 3;
  assert.equal(parseOutcome(der), 'certificate-malformed');
});

test('bytes behind, missing bytes, indefinite and padded lengths are refused', () => {
  const body = ca.der.subarray(4);
  const size = body.length;
  const forms = [
    Buffer.concat([ca.der, Buffer.of(0)]),
    ca.der.subarray(0, -1),
    Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    Buffer.concat([Buffer.of(0x30, 0x83, 0, size >> 8, size & 0xff), body]),
    Buffer.concat([Buffer.of(0x30, 0x84, 0, 0, size >> 8, size & 0xff), body]),
    Buffer.alloc(0),
    Buffer.of(0x30),
    Buffer.of(0x30, 0),
    Buffer.alloc(16 * 1024 + 1),
  ];
  for (const form of forms) assert.equal(parseOutcome(form), 'certificate-malformed');
});

test('deep nesting and a great many elements are refused before anything is built of them', () => {
  let nested = Buffer.of(5, 0);
  for (let depth = 0; depth < 60; depth++) nested = Buffer.concat([Buffer.of(0x30, nested.length), nested]);
  assert.equal(parseOutcome(nested), 'certificate-malformed');
  const wide = Buffer.concat([Buffer.of(0x30, 0x82, 0x3f, 0xf0), Buffer.alloc(0x3ff0, Buffer.of(5, 0))]);
  assert.equal(parseOutcome(wide), 'certificate-malformed');
});

test('with any one byte changed a certificate is malformed, or no longer signed by its CA, or byte for byte the same signed part', () => {
  const leaf = makeLeaf({ issuer: ca });
  let refused = 0;
  for (let at = 0; at < leaf.der.length; at++) {
    const der = Buffer.from(leaf.der);
    der[at] = (der[at] ?? 0) ^ (1 << (at % 8));
    if (parseOutcome(der) !== 'accepted') refused++;
    else assert.ok(!isSignedBy(parseCertificate(der), ca.certificate), `byte ${at}`);
  }
  assert.ok(refused > 0 && refused < leaf.der.length);
});
