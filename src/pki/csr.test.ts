import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { makeCa } from '#test/support/certificates.ts';
import { createCsr, parseCsr } from './csr.ts';
import { deviceIdOf, generateEcKey, spkiSha256Of } from './key.ts';

const keyPair = generateEcKey('P-256');
const deviceId = deviceIdOf(generateEcKey('P-256').publicKey);
const csr = await createCsr({ subject: [['CN', deviceId]], keyPair });

test('a request says its one name and its key, and is signed with that key', () => {
  const request = parseCsr(csr);
  assert.deepEqual(request.commonNames, [deviceId]);
  assert.equal(request.subjectAttributeCount, 1);
  assert.ok(request.publicKey.equals(keyPair.publicKey));
  assert.equal(request.spkiSha256, spkiSha256Of(keyPair.publicKey));
  assert.equal(request.isSignatureValid, true);
});

test('OpenSSL reads and verifies our request, and we its own', () => {
  assert.match(
    execFileSync('openssl', ['req', '-inform', 'DER', '-noout', '-subject'], { input: csr, encoding: 'utf8' }),
    new RegExp(`CN = ${deviceId}`),
  );
  execFileSync('openssl', ['req', '-inform', 'DER', '-noout', '-verify'], { input: csr, stdio: ['pipe', 'ignore', 'ignore'] });
  const folder = mkdtempSync(join(tmpdir(), 'homeport-csr-'));
  try {
    const key = join(folder, 'key.pem');
    const line = [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-384',
      '-nodes',
      '-keyout',
      key,
      '-outform',
      'DER',
      '-subj',
      '/O=Org/CN=device-1',
      '-addext',
      'basicConstraints=CA:TRUE',
    ];
    const request = parseCsr(execFileSync('openssl', line, { stdio: ['ignore', 'pipe', 'ignore'] }));
    assert.deepEqual([request.commonNames, request.subjectAttributeCount, request.isSignatureValid], [['device-1'], 2, true]);
    assert.equal(
      request.publicKey.asymmetricKeyDetails?.namedCurve,
      createPrivateKey(readFileSync(key)).asymmetricKeyDetails?.namedCurve,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('sphere 66: a request whose signature does not hold is read and marked so', async () => {
  const broken = Buffer.from(csr);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  assert.equal(parseCsr(broken).isSignatureValid, false);
  const foreign = await createCsr({
    subject: [['CN', deviceId]],
    keyPair: { publicKey: keyPair.publicKey, privateKey: generateEcKey('P-256').privateKey },
  });
  assert.equal(parseCsr(foreign).isSignatureValid, false);
});

test('what is no request, and one of more than 4 KiB, is refused', async () => {
  const long = await createCsr({ subject: [['CN', 'x'.repeat(5_000)]], keyPair });
  for (const bytes of [
    Buffer.alloc(0),
    makeCa().der,
    csr.subarray(0, -1),
    Buffer.concat([csr, Buffer.of(0)]),
    long,
    Buffer.alloc(1 << 20),
  ]) {
    assert.throws(
      () => parseCsr(bytes),
      (error) => error instanceof Problem && error.code === 'certificate-invalid' && error.reason === 'csr-invalid',
    );
  }
});
