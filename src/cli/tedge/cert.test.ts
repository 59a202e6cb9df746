import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { dayMs, minuteMs } from '#base/instant.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { generateRsaKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa, makeLeaf } from '#test/support/certificates.ts';
import { openTedgeBench, type TedgeBench } from '#test/support/tedge-bench.ts';

const leafOf = (bench: TedgeBench) => parseCertificate(new X509Certificate(readFileSync(bench.certificate)).raw);
const modeOf = (path: string) => statSync(path).mode & 0o777;
const mailDate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;

describe('cert create', () => {
  test('thin-edge 1, 2: writes certificate and key to the default paths, modes 0444 and 0400, and says nothing', async (t) => {
    const bench = openTedgeBench(t);
    assert.deepEqual(await bench.run('cert create --device-id my-device'), { code: 0, stdout: '', stderr: '' });
    assert.deepEqual([modeOf(bench.certificate), modeOf(bench.key)], [0o444, 0o400]);
    assert.match(readFileSync(bench.certificate, 'utf8'), /^-----BEGIN CERTIFICATE-----\n[^-]*-----END CERTIFICATE-----\n$/);
    assert.match(readFileSync(bench.key, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/);
    const key: KeyObject = createPrivateKey(readFileSync(bench.key));
    assert.ok(new X509Certificate(readFileSync(bench.certificate)).checkPrivateKey(key));
  });

  test('thin-edge 2: the modes do not depend on the umask', async (t) => {
    const bench = openTedgeBench(t);
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    await bench.run('cert create --device-id my-device');
    assert.deepEqual([modeOf(bench.certificate), modeOf(bench.key)], [0o444, 0o400]);
  });

  test('thin-edge 3: a second time is refused with the way out, and changes neither file', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const before = [readFileSync(bench.certificate, 'utf8'), readFileSync(bench.key, 'utf8')];
    const { code, stdout, stderr } = await bench.run('cert create --device-id other');
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      [
        'Error: failed to create a certificate for the device "other"',
        '',
        'Caused by:',
        `    A certificate exists and would be overwritten: ${bench.certificate}`,
        "    Run 'tedge cert remove' first to make a new one.",
      ].join('\n'),
    );
    assert.deepEqual([readFileSync(bench.certificate, 'utf8'), readFileSync(bench.key, 'utf8')], before);
  });

  test('thin-edge 3: a key alone, or a link to nowhere, is in the way as well', async (t) => {
    const bench = openTedgeBench(t);
    mkdirSync(dirname(bench.key), { recursive: true });
    writeFileSync(bench.key, 'mine');
    const refused = await bench.run('cert create --device-id my-device');
    assert.equal(refused.code, 1);
    assert.ok(refused.stderr.includes(`A key exists and would be overwritten: ${bench.key}`));
    assert.deepEqual([readFileSync(bench.key, 'utf8'), existsSync(bench.certificate)], ['mine', false]);
    rmSync(bench.key);
    symlinkSync('/nowhere/key', bench.key);
    assert.equal((await bench.run('cert create --device-id my-device')).code, 1);
  });

  test('thin-edge 4, 5: subject and issuer, version, key, signature and the two extensions are the profile’s', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const leaf = leafOf(bench);
    const names = [
      ['0603550403', 'my-device'],
      ['060355040a', 'Thin Edge'],
      ['060355040b', 'Test Device'],
    ].map(([oid = '', text = '']) => {
      const value = `${oid}0c${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`;
      const attribute = `30${(value.length / 2).toString(16).padStart(2, '0')}${value}`;
      return `31${(attribute.length / 2).toString(16).padStart(2, '0')}${attribute}`;
    });
    assert.equal(leaf.subjectDer.toString('hex').slice(4), names.join(''), 'three RDNs of UTF8String, common name first');
    assert.ok(leaf.issuerDer.equals(leaf.subjectDer));
    assert.deepEqual([leaf.version, leaf.keyAlgorithm], [3, { kind: 'ec', curve: 'P-256' }]);
    assert.deepEqual(leaf.basicConstraints, { isCa: true });
    assert.equal(leaf.subjectKeyId?.length, 40);
    assert.deepEqual([leaf.keyUsage, leaf.extendedKeyUsage, leaf.authorityKeyId], [undefined, undefined, undefined]);
    const read = new X509Certificate(leaf.der);
    assert.equal(read.subjectAltName, undefined);
    // ecdsa-with-SHA256, once inside and once outside.
    assert.equal(leaf.der.toString('hex').split('06082a8648ce3d040302').length, 3);
    assert.ok(read.verify(read.publicKey));
    // basicConstraints: OID, critical TRUE, SEQUENCE { BOOLEAN TRUE }.
    assert.ok(leaf.der.includes(Buffer.from('0603551d130101ff040530030101ff', 'hex')));
  });

  test('thin-edge 6: it begins 24 hours ago and lasts 365 days', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const { notBefore, notAfter } = leafOf(bench);
    assert.ok(Math.abs(bench.platform.clock.now() - dayMs - notBefore) < minuteMs);
    assert.equal(notAfter - notBefore, 365 * dayMs);
  });

  test('thin-edge 11: ids that no device may have are refused with 1, and no file is made', async (t) => {
    const bench = openTedgeBench(t);
    for (const id of ['', 'x'.repeat(65), 'a/b', 'a+b', 'a#', 'a b', 'gerät', 'a\nb', 'a\0b', '$me', 'a&b', '"']) {
      const { code, stdout, stderr } = await bench.runWords(['cert', 'create', `--device-id=${id}`]);
      assert.deepEqual([code, stdout], [1, ''], id);
      assert.match(stderr, /1 to 64 characters/, id);
      assert.equal(existsSync(bench.directory), false, id);
    }
  });

  test('thin-edge 11: every allowed character may stand in an id, and 64 of them', async (t) => {
    const bench = openTedgeBench(t);
    const id = "Az09'=(),-.?_*@!%".padEnd(64, 'x');
    assert.equal((await bench.runWords(['cert', 'create', '--device-id', id])).code, 0);
    assert.deepEqual(leafOf(bench).commonNames, [id]);
    assert.ok((await bench.run('cert show')).stdout.includes(`Subject: CN=${id}, O=Thin Edge, OU=Test Device`));
  });

  test('names and life come from the settings, and the id from device.id when none is given', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('config set device.id pump7');
    await bench.run('config set certificate.organization Contoso');
    await bench.run('config set certificate.organization_unit Device');
    await bench.run('config set certificate.validity.requested_duration 90d');
    assert.equal((await bench.run('cert create az')).code, 0);
    const { notBefore, notAfter } = leafOf(bench);
    assert.equal(notAfter - notBefore, 90 * dayMs);
    assert.match((await bench.run('cert show')).stdout, /^Subject: CN=pump7, O=Contoso, OU=Device$/m);
  });

  test('settings that make no certificate are refused before a file is written', async (t) => {
    for (const [setting, complaint] of [
      ['certificate.validity.requested_duration=24h', /expired already/],
      [`certificate.organization=${'x'.repeat(65)}`, /1 to 64 characters/],
      ['certificate.organization=', /1 to 64 characters/],
    ] as const) {
      const bench = openTedgeBench(t);
      await bench.runWords(['config', 'set', ...setting.split('=')]);
      const { code, stderr } = await bench.run('cert create --device-id d');
      assert.equal(code, 1, setting);
      assert.match(stderr, complaint);
      assert.deepEqual(readdirSync(bench.directory), ['tedge.toml']);
    }
    const bench = openTedgeBench(t);
    const broken = await bench.run('cert create --device-id d', { TEDGE_CERT_SHOW_FORMAT: 'tall' });
    assert.deepEqual([broken.code, existsSync(bench.directory)], [1, false]);
  });

  test('a configured directory that is not there is refused, and half of the pair is not left behind', async (t) => {
    const bench = openTedgeBench(t);
    await bench.runWords(['config', 'set', 'device.cert_path', join(bench.directory, 'missing/c.pem')]);
    const { code, stderr } = await bench.run('cert create --device-id d');
    assert.equal(code, 1);
    assert.ok(stderr.includes(join(bench.directory, 'missing/c.pem')));
    assert.equal(existsSync(bench.key), false);
  });

  test('without any id, and with a cloud or option that is none, it says what is missing', async (t) => {
    const bench = openTedgeBench(t);
    for (const [line, code, complaint] of [
      ['cert create', 1, /has no id/],
      ['cert create --device-id', 2, /--device-id needs a value/],
      ['cert create --device-id --debug', 2, /--device-id needs a value/],
      ['cert create --device-id d azure', 2, /'azure' is no cloud/],
      ['cert create --device-id d c8y', 1, /The cloud c8y is not supported by this build/],
      ['cert create --device-id d az --profile two', 1, /profile is not supported by this build/],
      ['cert create --device-id d az more', 2, /one argument too many/],
      ['cert create --devise-id d', 2, /no option --devise-id[\s\S]*--device-id/],
    ] as const) {
      const result = await bench.run(line);
      assert.equal(result.code, code, line);
      assert.match(result.stderr, complaint, line);
      assert.equal(existsSync(bench.directory), false, line);
    }
  });
});

describe('cert show', () => {
  test('thin-edge 7, 8: six lines in order, with the SHA-1 of the DER and dates as in mail', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const { code, stdout, stderr } = await bench.run('cert show');
    const fingerprint = new X509Certificate(readFileSync(bench.certificate)).fingerprint.replaceAll(':', '');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout,
      [
        `Device certificate: ${bench.certificate}`,
        'Subject: CN=my-device, O=Thin Edge, OU=Test Device',
        'Issuer: CN=my-device, O=Thin Edge, OU=Test Device',
        'Valid from: Sun, 31 May 2026 00:00:00 +0000',
        'Valid up to: Mon, 31 May 2027 00:00:00 +0000',
        `Thumbprint: ${fingerprint}`,
      ].join('\n'),
    );
    assert.match(fingerprint, /^[0-9A-F]{40}$/);
    for (const [, date = ''] of stdout.matchAll(/^Valid .*?: (.*)$/gm)) assert.match(date, mailDate);
  });

  test('the later layout has eight lines, by option or by setting', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const { serialHex, sha1Thumbprint } = leafOf(bench);
    const serial = BigInt(`0x${serialHex}`);
    const expected = [
      `Certificate:   ${bench.certificate}`,
      'Subject:       CN=my-device, O=Thin Edge, OU=Test Device',
      'Issuer:        CN=my-device, O=Thin Edge, OU=Test Device',
      'Status:        VALID (expires in: 364d)',
      'Valid from:    Sun, 31 May 2026 00:00:00 +0000',
      'Valid until:   Mon, 31 May 2027 00:00:00 +0000',
      `Serial number: ${serial} (0x${serial.toString(16)})`,
      `Thumbprint:    ${sha1Thumbprint}`,
    ].join('\n');
    assert.equal((await bench.run('cert show --format modern az')).stdout, expected);
    await bench.run('config set cert.show.format modern');
    assert.equal((await bench.run('cert show')).stdout, expected);
    assert.match((await bench.run('cert show --format seed')).stdout, /^Device certificate: /);
  });

  test('the later layout says how the certificate stands at each moment of its life', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    const status = async () => /^Status: +(.*)$/m.exec((await bench.run('cert show --format modern')).stdout)?.[1];
    bench.platform.clock.advance(-2 * dayMs);
    assert.equal(await status(), 'NOT VALID YET (will be in: 1d)');
    bench.platform.clock.advance(2 * dayMs + 1_000);
    assert.equal(await status(), 'VALID (expires in: 363d 23h 59m 59s)');
    bench.platform.clock.advance(334 * dayMs);
    assert.equal(await status(), 'EXPIRES SOON (expires in: 29d 23h 59m 59s)');
    bench.platform.clock.advance(395 * dayMs);
    assert.equal(await status(), 'EXPIRED (since: 1y 1s)');
  });

  test('thin-edge 9: without a certificate it exits with 1, names the file and the command that makes one', async (t) => {
    const bench = openTedgeBench(t);
    const { code, stdout, stderr } = await bench.run('cert show');
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(stderr.includes(bench.certificate) && stderr.includes('tedge cert create'));
    assert.ok((await bench.run('cert show --new')).stderr.includes(`${bench.certificate}.new`));
    assert.ok((await bench.run('cert show --cert-path other.pem')).stderr.includes(join(bench.directory, 'other.pem')));
  });

  test('thin-edge 10: an RSA leaf below a CA is shown, in a chain file and with CRLF', async (t) => {
    const bench = openTedgeBench(t);
    const ca = makeCa({ name: 'Factory' });
    const { publicKey, privateKey } = await generateRsaKey(2048);
    const leaf = makeLeaf({ name: 'rsa-device', key: { publicKey, privateKey }, issuer: ca });
    mkdirSync(bench.directory, { recursive: true });
    const chain = [leaf, ca].map(({ certificate }) => toPem('CERTIFICATE', certificate.der)).join('');
    writeFileSync(join(bench.directory, 'chain.pem'), chain.replaceAll('\n', '\r\n'));
    const { code, stdout } = await bench.run('cert show --cert-path chain.pem');
    assert.equal(code, 0);
    assert.match(stdout, /^Subject: CN=rsa-device/m);
    assert.match(stdout, /^Issuer: CN=Factory/m);
    assert.ok(stdout.includes(`Thumbprint: ${leaf.certificate.sha1Thumbprint}`));
  });

  test('what is no certificate is refused with the file’s name and without its content', async (t) => {
    const bench = openTedgeBench(t);
    mkdirSync(dirname(bench.certificate), { recursive: true });
    const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n';
    for (const content of [
      '',
      'hello',
      key,
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'x'.repeat(200_000),
    ]) {
      writeFileSync(bench.certificate, content);
      const { code, stdout, stderr } = await bench.run('cert show');
      assert.deepEqual([code, stdout], [1, ''], content.slice(0, 30));
      assert.ok(stderr.includes(bench.certificate) && !stderr.includes('c2Vj'), content.slice(0, 30));
    }
    rmSync(bench.certificate);
    mkdirSync(bench.certificate);
    assert.match((await bench.run('cert show')).stderr, /is not a file|is a directory/);
    assert.equal((await bench.run('cert show --format wide')).code, 2);
  });
});

describe('cert remove', () => {
  test('thin-edge 12: both files go, a second time there is nothing to remove, and both exit with 0', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    writeFileSync(`${bench.certificate}.new`, '');
    assert.deepEqual(await bench.run('cert remove'), { code: 0, stdout: 'Certificate was successfully removed', stderr: '' });
    assert.deepEqual(readdirSync(dirname(bench.certificate)), []);
    assert.deepEqual(await bench.run('cert remove'), { code: 0, stdout: 'There is no certificate to remove', stderr: '' });
    assert.equal((await bench.run('cert create --device-id again')).code, 0);
  });

  test('a key without its certificate is removed too, and what cannot be removed exits with 1', async (t) => {
    const bench = openTedgeBench(t);
    mkdirSync(dirname(bench.key), { recursive: true });
    writeFileSync(bench.key, '');
    assert.equal((await bench.run('cert remove az')).stdout, 'Certificate was successfully removed');
    mkdirSync(bench.certificate);
    const { code, stderr } = await bench.run('cert remove');
    assert.equal(code, 1);
    assert.ok(stderr.includes(bench.certificate));
  });
});
