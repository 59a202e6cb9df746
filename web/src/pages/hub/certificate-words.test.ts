import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCertificate, isThumbprint } from './certificate-words.ts';

const sha1 = '27E4F2C1A0B3D4956877665544332211FFEEDDCC';
const colons = sha1.toLowerCase().replace(/..(?=.)/g, '$&:');

const seedLayout = `Device certificate: /etc/tedge/device-certs/tedge-certificate.pem
Subject: CN=my-device, O=Thin Edge, OU=Test Device
Issuer: CN=my-device, O=Thin Edge, OU=Test Device
Valid from: Tue, 09 Mar 2021 14:10:30 +0000
Valid up to: Thu, 10 Mar 2022 14:10:30 +0000
Thumbprint: ${sha1}
`;

const modernLayout = `Certificate:   /etc/tedge/device-certs/tedge-certificate.pem
Subject:       CN=my-device, O=Thin Edge, OU=Test Device
Issuer:        CN=Other CA, O=Thin Edge
Status:        VALID (expires in: 364d 23h 59m 58s)
Valid from:    Tue, 04 Mar 2025 14:10:30 +0000
Valid until:   Wed, 04 Mar 2026 14:10:30 +0000
Serial number: 1234567890 (0x499602d2)
Thumbprint:    ${sha1}
`;

test('both layouts of cert show give thumbprint and device id', () => {
  for (const text of [
    seedLayout,
    modernLayout,
    seedLayout.replaceAll('\n', '\r\n'),
    `$ tedge cert show\n\n${modernLayout}\n$ `,
  ]) {
    assert.deepEqual(findCertificate(text), { thumbprint: sha1, deviceId: 'my-device' });
  }
});

test('an id may hold commas and equals signs, and stand last', () => {
  const withSubject = (subject: string) => findCertificate(`Subject: ${subject}\nThumbprint: ${sha1}`).deviceId;
  assert.equal(withSubject('CN=a,b=c;d, O=Thin Edge'), 'a,b=c;d');
  assert.equal(withSubject('O=Thin Edge, CN=last'), 'last');
  assert.equal(withSubject('O=CN=no, OU=x'), undefined);
});

test('what openssl prints is understood as well, SHA-1 and SHA-256', () => {
  const sha256 = sha1 + sha1.slice(0, 24);
  assert.deepEqual(findCertificate(`SHA1 Fingerprint=${colons.toUpperCase()}\nsubject=CN = dev, O = Us`), {
    thumbprint: sha1,
    deviceId: 'dev',
  });
  assert.equal(findCertificate(`sha256 Fingerprint=${sha256.replace(/..(?=.)/g, '$&:')}`).thumbprint, sha256);
});

test('a bare thumbprint is one with colons, blanks and in any case', () => {
  assert.deepEqual(findCertificate(` ${colons} \n`), { thumbprint: sha1 });
  assert.deepEqual(findCertificate(sha1.replace(/.{4}/g, '$& ')), { thumbprint: sha1 });
});

test('nothing is found in other text, nor in a thumbprint that lost a digit', () => {
  for (const text of ['', 'my-device', sha1.slice(1), seedLayout.slice(0, -3).replace(/Subject.*/, '')]) {
    assert.deepEqual(findCertificate(text), {});
  }
  assert.equal(isThumbprint(`${sha1.slice(1)}G`), false);
});
