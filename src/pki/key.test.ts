import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { deviceIdOf, exportPrivateKeyPem, generateEcKey, importPrivateKeyPem, publicKeyOfDeviceId, spkiSha256Of } from './key.ts';

test('sphere 1: a device id is a P-256 public key and gives that key back; random bytes are no device id', () => {
  const { publicKey } = generateEcKey('P-256');
  const deviceId = deviceIdOf(publicKey);
  assert.match(deviceId, /^[0-9a-f]{128}$/);
  assert.ok(publicKeyOfDeviceId(deviceId)?.equals(publicKey));
  const random = seededRandom('no point');
  for (let i = 0; i < 200; i++) assert.equal(publicKeyOfDeviceId(random.bytes(64).toString('hex')), undefined);
  assert.equal(publicKeyOfDeviceId('0'.repeat(128)), undefined);
});

test('sphere 2: a device id in upper case is the same key', () => {
  const { publicKey } = generateEcKey('P-256');
  assert.ok(publicKeyOfDeviceId(deviceIdOf(publicKey).toUpperCase())?.equals(publicKey));
});

test('sphere 3: 127 and 129 characters, and characters that are no hex, are no device id', () => {
  const deviceId = deviceIdOf(generateEcKey('P-256').publicKey);
  for (const text of ['', deviceId.slice(1), `${deviceId}0`, `g${deviceId.slice(1)}`, ` ${deviceId.slice(1)}`, `${deviceId}\n`]) {
    assert.equal(publicKeyOfDeviceId(text), undefined);
  }
});

test('a P-384 key is no device id', () => {
  assert.throws(
    () => deviceIdOf(generateEcKey('P-384').publicKey),
    (error) => error instanceof Problem && error.code === 'argument-invalid',
  );
});

test('a private key survives PEM, and its identity is that of its public half', () => {
  const pair = generateEcKey('P-384');
  const read = importPrivateKeyPem(exportPrivateKeyPem(pair.privateKey));
  assert.equal(spkiSha256Of(read.publicKey), spkiSha256Of(pair.publicKey));
});

test('what is no private key is refused without a word of it', () => {
  for (const text of ['', 'secret words', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n']) {
    assert.throws(
      () => importPrivateKeyPem(text),
      (error) => error instanceof Problem && error.cause === undefined && !/secret|c2Vj/.test(error.message),
    );
  }
});
