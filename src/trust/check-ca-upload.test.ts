import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { makeExtension } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import {
  makeCa,
  makeCertificate,
  makeOriginalTenantCa,
  makeSphereAuthorities,
  rsaKey,
  type TestCertificate,
  testNow,
} from '#test/support/certificates.ts';
import { checkCaUpload } from './check-ca-upload.ts';

function outcome({ certificate }: TestCertificate): string {
  const verdict = checkCaUpload(certificate, testNow);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

const { root, policy, tenant } = await makeSphereAuthorities();

const accepted: [string, TestCertificate][] = [
  ['a self-signed root', root],
  ['an intermediate', policy],
  ['a tenant CA of ours', tenant],
  ['sphere 22: a tenant CA of the original shape, without SKI, AKI and path length', makeOriginalTenantCa()],
  ['a CA without key usage', makeCertificate({ subject: [['CN', 'Plain']], basicConstraints: { isCa: true } })],
  ['a CA with an RSA key of 2048 bits', makeCa({ key: rsaKey(2048) })],
  ['a CA with a P-384 key', makeCa({ key: generateEcKey('P-384') })],
  ['a CA that begins within the allowance for clocks', makeCa({ notBefore: plus(testNow, 4 * minuteMs) })],
  [
    'a CA that ended within the allowance for clocks',
    makeCa({ notBefore: plus(testNow, -dayMs), notAfter: plus(testNow, -4 * minuteMs) }),
  ],
  ['a CA with an unknown extension that is not critical', makeCa({ extensions: [makeExtension('1.2.3.4', Buffer.of(5, 0))] })],
];
for (const [name, certificate] of accepted) test(`${name} may be uploaded`, () => assert.equal(outcome(certificate), 'accepted'));

const refused: [string, TestCertificate, string][] = [
  [
    'sphere 37: a CA without basicConstraints',
    makeCertificate({ subject: [['CN', 'Odd']], keyUsage: ['keyCertSign'] }),
    'issuer-not-ca',
  ],
  ['a certificate of version 1', makeCertificate({ subject: [['CN', 'Odd']] }), 'issuer-not-ca'],
  ['sphere 38: a certificate with CA:FALSE', makeCa({ basicConstraints: { isCa: false } }), 'issuer-not-ca'],
  ['a CA whose key usage lacks certSign', makeCa({ keyUsage: ['digitalSignature', 'cRLSign'] }), 'issuer-usage'],
  ['sphere 39: a CA with an RSA key of 1024 bits', makeCa({ key: rsaKey(1024) }), 'certificate-too-weak'],
  ['sphere 39: a CA signed with ECDSA and SHA-1', makeCa({ hash: 'sha1' }), 'certificate-too-weak'],
  ['sphere 39: a CA signed with RSA and SHA-1', makeCa({ hash: 'sha1', key: rsaKey(2048) }), 'certificate-too-weak'],
  [
    'sphere 39: an expired CA',
    makeCa({ notBefore: plus(testNow, -dayMs), notAfter: plus(testNow, -6 * minuteMs) }),
    'certificate-expired',
  ],
  [
    'sphere 39: a CA that is not yet valid',
    makeCa({ notBefore: plus(testNow, 6 * minuteMs), notAfter: plus(testNow, hourMs) }),
    'certificate-not-yet-valid',
  ],
  [
    'a CA with a critical extension that nobody understands',
    makeCa({ extensions: [makeExtension('1.2.3.4', Buffer.of(0x30, 0), true)] }),
    'critical-extension-unknown',
  ],
];
for (const [name, certificate, reason] of refused)
  test(`${name} is refused on upload`, () => assert.equal(outcome(certificate), reason));
