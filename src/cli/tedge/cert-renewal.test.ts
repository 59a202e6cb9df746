import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { dayMs } from '#base/instant.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { parseCsr } from '#pki/csr.ts';
import { exportPrivateKeyPem, generateEcKey, generateRsaKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa, makeLeaf, makeSelfSigned } from '#test/support/certificates.ts';
import { openTedgeBench, type TedgeBench } from '#test/support/tedge-bench.ts';

const certificateAt = (path: string) => parseCertificate(new X509Certificate(readFileSync(path)).raw);

/** Puts a certificate and its key where the device's are. */
function place(bench: TedgeBench, der: Buffer, keyPem: string): void {
  mkdirSync(dirname(bench.key), { recursive: true });
  writeFileSync(bench.certificate, toPem('CERTIFICATE', der));
  writeFileSync(bench.key, keyPem);
}

describe('cert renew', () => {
  test('thin-edge 13: key and name stay, the thumbprint changes, and what the device shows stays until it connects', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const before = [readFileSync(bench.certificate, 'utf8'), readFileSync(bench.key, 'utf8')];
    bench.platform.clock.advance(100 * dayMs);
    const { code, stdout } = await bench.run('cert renew --ca self-signed');
    assert.equal(code, 0);
    assert.deepEqual([readFileSync(bench.certificate, 'utf8'), readFileSync(bench.key, 'utf8')], before);
    const [old, renewed] = [certificateAt(bench.certificate), certificateAt(`${bench.certificate}.new`)];
    assert.deepEqual(renewed.commonNames, ['my-device']);
    assert.equal(renewed.serialHex, old.serialHex);
    assert.ok(renewed.publicKey.equals(old.publicKey));
    assert.equal(renewed.notAfter - old.notAfter, 100 * dayMs);
    assert.notEqual(renewed.sha1Thumbprint, old.sha1Thumbprint);
    assert.ok(stdout.includes(renewed.sha1Thumbprint) && stdout.includes(`${bench.certificate}.new`), stdout);
    assert.equal(statSync(`${bench.certificate}.new`).mode & 0o777, 0o444);
    assert.match((await bench.run('cert show --new')).stdout, new RegExp(`^Thumbprint: ${renewed.sha1Thumbprint}$`, 'm'));
    // Once more takes the place of the one that waits.
    bench.platform.clock.advance(dayMs);
    assert.equal((await bench.run('cert renew az')).code, 0);
    assert.equal(certificateAt(`${bench.certificate}.new`).notAfter - renewed.notAfter, dayMs);
  });

  test('a key of another kind keeps its kind', async (t) => {
    for (const keyPair of [generateEcKey('P-384'), await generateRsaKey(2048)]) {
      const bench = openTedgeBench(t);
      place(bench, makeSelfSigned('my-device', { key: keyPair }).der, exportPrivateKeyPem(keyPair.privateKey));
      assert.equal((await bench.run('cert renew')).code, 0);
      assert.ok(certificateAt(`${bench.certificate}.new`).publicKey.equals(keyPair.publicKey));
    }
  });

  test('what cannot be renewed is said, and nothing is written', async (t) => {
    const bench = openTedgeBench(t);
    const missing = await bench.run('cert renew');
    assert.equal(missing.code, 1);
    assert.ok(missing.stderr.includes(bench.certificate), missing.stderr);
    await bench.run('cert create --device-id my-device');
    writeFileSync(join(dirname(bench.key), 'other.pem'), exportPrivateKeyPem(generateEcKey('P-256').privateKey));
    writeFileSync(join(dirname(bench.key), 'issued.pem'), makeLeaf({ issuer: makeCa(), name: 'my-device' }).pem);
    const rows: [string, Record<string, string>, number, RegExp][] = [
      ['cert renew', { TEDGE_DEVICE_KEY_PATH: 'device-certs/other.pem' }, 1, /other\.pem is not the key of/],
      ['cert renew', { TEDGE_DEVICE_KEY_PATH: 'device-certs/none.pem' }, 1, /There is no key file .*none\.pem/],
      ['cert renew', { TEDGE_DEVICE_KEY_PATH: bench.certificate }, 1, /holds no private key/],
      ['cert renew', { TEDGE_DEVICE_CERT_PATH: 'device-certs/issued.pem' }, 1, /signed by a CA.*\n.*--ca self-signed/],
      ['cert renew', { TEDGE_CERTIFICATE_VALIDITY_REQUESTED_DURATION: '1d' }, 1, /would have expired already/],
      ['cert renew --ca c8y', {}, 1, /not supported/],
      ['cert renew --ca mine', {}, 2, /takes self-signed/],
      ['cert renew gcp', {}, 2, /is no cloud/],
    ];
    const before = readdirSync(dirname(bench.key)).sort();
    for (const [line, environment, code, text] of rows) {
      const answer = await bench.run(line, environment);
      assert.equal(answer.code, code, `${line} ${JSON.stringify(environment)}`);
      assert.match(answer.stderr, text);
    }
    assert.deepEqual(readdirSync(dirname(bench.key)).sort(), before);
  });
});

describe('cert needs-renewal', () => {
  test('thin-edge 14: 1 on a fresh certificate, 0 with less than thirty days left, 2 without one', async (t) => {
    const bench = openTedgeBench(t);
    const missing = await bench.run('cert needs-renewal');
    assert.equal(missing.code, 2);
    assert.ok(missing.stderr.includes(bench.certificate));
    await bench.run('cert create --device-id my-device');
    assert.deepEqual(await bench.run('cert needs-renewal'), {
      code: 1,
      stdout: '',
      stderr: 'Status: VALID (expires in: 364d)',
    });
    bench.platform.clock.advance(334 * dayMs);
    assert.equal((await bench.run('cert needs-renewal az')).code, 1);
    bench.platform.clock.advance(1);
    const soon = await bench.run('cert needs-renewal');
    assert.equal(soon.code, 0);
    assert.match(soon.stderr, /^Status: EXPIRES SOON /);
    bench.platform.clock.advance(40 * dayMs);
    assert.equal((await bench.run('cert needs-renewal')).code, 0);
    for (const path of ['nowhere.pem', bench.key]) {
      assert.equal((await bench.runWords(['cert', 'needs-renewal', '--cert-path', path])).code, 2, path);
    }
    assert.equal(
      (await bench.run('cert needs-renewal', { TEDGE_AZ_URL: 'https://x/' })).code,
      0,
      'another setting does not matter',
    );
  });
});

describe('cert create-csr', () => {
  test('makes a request for the device’s key, and the key when there is none', async (t) => {
    const bench = openTedgeBench(t);
    assert.equal((await bench.run('cert create-csr --device-id my-device')).code, 0);
    const path = join(dirname(bench.key), 'tedge.csr');
    const [, base64 = ''] = /^-----BEGIN CERTIFICATE REQUEST-----\n([^-]*)-----END/.exec(readFileSync(path, 'utf8')) ?? [];
    const request = parseCsr(Buffer.from(base64, 'base64'));
    assert.deepEqual(request.commonNames, ['my-device']);
    assert.equal(request.subjectAttributeCount, 3);
    assert.ok(request.isSignatureValid);
    assert.deepEqual([statSync(path).mode & 0o777, statSync(bench.key).mode & 0o777], [0o444, 0o400]);
    const key = readFileSync(bench.key, 'utf8');
    assert.equal((await bench.run('cert create-csr --device-id my-device --output-path own.csr')).code, 0);
    assert.equal(readFileSync(bench.key, 'utf8'), key);
    assert.ok(existsSync(join(bench.directory, 'own.csr')));
  });

  test('the name comes from the certificate, and a key is never overwritten', async (t) => {
    const bench = openTedgeBench(t);
    const nameless = await bench.run('cert create-csr');
    assert.equal(nameless.code, 1);
    assert.match(nameless.stderr, /has no id.*--device-id ID/s);
    await bench.run('cert create --device-id my-device');
    assert.equal((await bench.run('cert create-csr')).code, 0);
    const key = readFileSync(bench.key, 'utf8');
    const refused = await bench.runWords(['cert', 'create-csr', '--output-path', bench.key]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /would overwrite the key/);
    assert.equal(readFileSync(bench.key, 'utf8'), key);
    assert.equal((await bench.run('cert create-csr --device-id a/b')).code, 1);
  });
});
