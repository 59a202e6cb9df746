import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCertificateFile } from './certificate-file.ts';

test('a DER file is sent as base64 of exactly its bytes', () => {
  const der = Uint8Array.from({ length: 600 }, (_, index) => index % 256);
  assert.deepEqual(Buffer.from(encodeCertificateFile(der), 'base64'), Buffer.from(der));
});

test('a PEM file is sent as its text, with or without space before it', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  assert.equal(encodeCertificateFile(new TextEncoder().encode(pem)), pem);
  assert.equal(encodeCertificateFile(new TextEncoder().encode(`\r\n${pem}`)), `\r\n${pem}`);
});

test('an empty file and one far too large never leave the browser', () => {
  assert.throws(() => encodeCertificateFile(new Uint8Array()), /empty/);
  assert.throws(() => encodeCertificateFile(new Uint8Array(40_000)), /too large/);
});
