import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus, plusYears } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import {
  makeCa,
  makeDailyLeaf,
  makeOriginalTenantCa,
  makeProof,
  makeSphereAuthorities,
  testNow,
} from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { isSignedBy } from './certificate.ts';
import { issueCertificate } from './issue.ts';
import { generateEcKey, generateRsaKey, type KeyPair } from './key.ts';
import { formatNameAsEncoded } from './names.ts';
import { toPem } from './pem.ts';

const random = seededRandom('issue');
const { root, policy, tenant, tenantId } = await makeSphereAuthorities();
const { deviceId, leaf } = await makeDailyLeaf(tenant);

/** What the OpenSSL command line prints of a certificate. */
function opensslText(der: Buffer): string {
  return execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-text'], { input: der, encoding: 'utf8' });
}

/** What `openssl verify` says of `target`, whether it accepts or not. */
function opensslVerify(arguments_: readonly string[], files: { anchor: string; untrusted?: string; target: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'homeport-issue-'));
  try {
    const place = (name: string, pem: string) => {
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    const untrusted = files.untrusted === undefined ? [] : ['-untrusted', place('untrusted.pem', files.untrusted)];
    const line = [
      'verify',
      ...arguments_,
      '-attime',
      String(testNow / 1000),
      '-CAfile',
      place('anchor.pem', files.anchor),
      ...untrusted,
      place('target.pem', files.target),
    ];
    return execFileSync('openssl', line, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('sphere 21: a tenant CA is P-384, lasts 730 days from 3 hours back, is a critical CA with path length 0, SKI and AKI', () => {
  const { certificate } = tenant;
  assert.deepEqual(certificate.keyAlgorithm, { kind: 'ec', curve: 'P-384' });
  assert.equal(certificate.signatureAlgorithm.name, 'ecdsa-sha384');
  assert.equal(certificate.notBefore, plus(testNow, -3 * hourMs));
  assert.equal(certificate.notAfter - certificate.notBefore, 730 * dayMs);
  assert.deepEqual(certificate.basicConstraints, { isCa: true, pathLength: 0 });
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['digitalSignature', 'keyCertSign', 'cRLSign']);
  assert.equal(certificate.extendedKeyUsage, undefined);
  assert.match(certificate.subjectKeyId ?? '', /^[0-9a-f]{40}$/);
  assert.equal(certificate.authorityKeyId, policy.certificate.subjectKeyId);
  assert.equal(certificate.subject, `CN=Homeport Sphere ${tenantId}, O=Test Operator`);
  assert.match(opensslText(certificate.der), /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
});

test('root and policy CA have the lives and constraints of their profiles', () => {
  const { certificate: top } = root;
  assert.equal(top.notAfter, plusYears(top.notBefore, 20));
  assert.deepEqual(top.basicConstraints, { isCa: true });
  assert.equal(top.authorityKeyId, undefined);
  assert.ok(top.isSelfIssued && isSignedBy(top, top));
  const { certificate: middle } = policy;
  assert.equal(middle.notAfter, plusYears(middle.notBefore, 5));
  assert.deepEqual(middle.basicConstraints, { isCa: true, pathLength: 1 });
  assert.deepEqual(middle.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2', '2.25.55858341837153790348575326154548643908']);
});

test('a daily leaf has a CN of 128 characters and nothing else, lasts 25 hours and says that revocation is not available', () => {
  const { certificate } = leaf;
  assert.deepEqual(certificate.commonNames, [deviceId]);
  assert.equal(deviceId.length, 128);
  assert.equal(certificate.subjectAttributeCount, 1);
  assert.equal(certificate.notBefore, plus(testNow, -hourMs));
  assert.equal(certificate.notAfter, plus(testNow, 24 * hourMs));
  assert.deepEqual(certificate.basicConstraints, { isCa: false });
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['digitalSignature']);
  assert.deepEqual(certificate.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.equal(certificate.subjectKeyId, undefined);
  assert.deepEqual(certificate.unknownCriticalExtensions, []);
  assert.match(opensslText(certificate.der), /No Revocation Available|2\.5\.29\.56/);
});

test('assurance level and policy version are written into extensions that are not critical', async () => {
  const { publicKey } = generateEcKey('P-256');
  const subject = [['CN', deviceId]] as const;
  const certificate = await issueCertificate({
    profile: 'sphere-leaf',
    subject,
    publicKey,
    issuer: tenant,
    now: testNow,
    random,
    assuranceLevel: 'A0',
    policyVersion: 'p1',
  });
  const text = opensslText(certificate.der);
  assert.match(text, /2\.25\.198191146496452340023643771174963375476: \n\s+\.\.A0/);
  assert.match(text, /2\.25\.65988179880611093140192791872927696272: \n\s+\.\.p1/);
  assert.deepEqual(certificate.unknownCriticalExtensions, []);
});

test('sphere 24: the CN of a proof is the code, its subject has nothing else, and it lives from 5 minutes back for 65', async () => {
  const code = 'AB'.repeat(24);
  const { certificate } = await makeProof(tenant, code);
  assert.deepEqual(certificate.commonNames, [code]);
  assert.equal(certificate.subjectAttributeCount, 1);
  assert.equal(certificate.notBefore, plus(testNow, -5 * minuteMs));
  assert.equal(certificate.notAfter, plus(testNow, 60 * minuteMs));
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['encipherOnly']);
  assert.match(opensslText(certificate.der), /Extended Key Usage: critical\s+2\.25\.325006663628839527781447707789551999809/);
});

test('OpenSSL in strict mode accepts a daily leaf for TLS clients, and a proof for nothing', async () => {
  const files = { anchor: root.pem, untrusted: policy.pem + tenant.pem };
  assert.match(opensslVerify(['-x509_strict', '-purpose', 'sslclient'], { ...files, target: leaf.pem }), /: OK/);
  const proof = await makeProof(tenant, 'AB');
  assert.match(opensslVerify(['-purpose', 'sslclient'], { ...files, target: proof.pem }), /purpose/);
});

test('serials are 16 bytes, positive, and never the same', async () => {
  const serials = new Set<string>();
  for (let i = 0; i < 64; i++) {
    const { certificate } = await makeProof(tenant, 'AB');
    assert.match(certificate.serialHex, /^[0-7][0-9A-F]{31}$/);
    assert.ok(!certificate.serialHex.startsWith('00'));
    serials.add(certificate.serialHex);
  }
  assert.equal(serials.size, 64);
  const issue = (bytes: Buffer) =>
    issueCertificate({
      profile: 'sphere-proof',
      subject: [['CN', 'x']],
      publicKey: generateEcKey('P-384').publicKey,
      issuer: tenant,
      now: testNow,
      random: { ...random, bytes: () => bytes },
    });
  assert.equal((await issue(Buffer.alloc(16, 0xff))).serialHex, `7F${'FF'.repeat(15)}`);
  assert.equal((await issue(Buffer.alloc(16, 0x80))).serialHex, `01${'80'.repeat(15)}`);
});

test('the issuer name is a copy of the bytes of the CA, whatever string type they have', async () => {
  const utf8 = makeCa({ name: 'Grüße' });
  const original = makeOriginalTenantCa();
  // T61String and BMPString, which encodeName never makes.
  const odd = makeCa({ subjectDer: Buffer.from('301e310d300b060355040a1404416263e9310d300b06035504031e0400410042', 'hex') });
  for (const issuer of [utf8, original, odd]) {
    const { certificate } = (await makeDailyLeaf(issuer)).leaf;
    assert.deepEqual(certificate.issuerDer, issuer.certificate.subjectDer);
  }
  // Without an SKI on the CA the key identifier is computed from its key, as everybody computes it.
  assert.equal(original.certificate.subjectKeyId, undefined);
  assert.match((await makeDailyLeaf(original)).leaf.certificate.authorityKeyId ?? '', /^[0-9a-f]{40}$/);
});

test('a leaf never outlives its CA, and a CA outside its validity issues nothing', async () => {
  const end = plus(testNow, hourMs);
  const ca = makeCa({ notAfter: end });
  assert.equal((await makeDailyLeaf(ca)).leaf.certificate.notAfter, end);
  for (const now of [end, plus(testNow, -2 * hourMs)]) {
    await assert.rejects(makeDailyLeaf(ca, { now }), (error) => error instanceof Problem && error.reason === 'ca-unavailable');
  }
});

test('a key that the profile does not allow gets no certificate', async () => {
  const issue = (keyPair: KeyPair) =>
    issueCertificate({
      profile: 'sphere-tenant',
      subject: [['CN', 'x']],
      publicKey: keyPair.publicKey,
      issuer: policy,
      now: testNow,
      random,
    });
  for (const keyPair of [generateEcKey('P-256'), await generateRsaKey(2048)]) {
    await assert.rejects(issue(keyPair), (error) => error instanceof Problem && error.code === 'argument-invalid');
  }
});

test('server certificates for RSA and P-256 verify for every name and address they carry, and for no other', async () => {
  const caKey = await generateRsaKey(2048);
  const authority = {
    certificate: await issueCertificate({
      profile: 'server-ca',
      subject: [['CN', 'Homeport CA']],
      publicKey: caKey.publicKey,
      issuer: { selfSignedWith: caKey.privateKey },
      now: testNow,
      random,
    }),
    privateKey: caKey.privateKey,
  };
  const names = ['localhost', 'hub.example', '127.0.0.1', '::1'];
  for (const { publicKey } of [await generateRsaKey(2048), generateEcKey('P-256')]) {
    const certificate = await issueCertificate({
      profile: 'server',
      subject: [['CN', 'localhost']],
      publicKey,
      issuer: authority,
      now: testNow,
      random,
      names,
    });
    const files = { anchor: toPem('CERTIFICATE', authority.certificate.der), target: toPem('CERTIFICATE', certificate.der) };
    for (const [option, name, expected] of [
      ['-verify_hostname', 'localhost', /: OK/],
      ['-verify_hostname', 'hub.example', /: OK/],
      ['-verify_ip', '127.0.0.1', /: OK/],
      ['-verify_ip', '::1', /: OK/],
      ['-verify_hostname', 'other.example', /Hostname mismatch|hostname mismatch/],
    ] as const) {
      assert.match(opensslVerify(['-x509_strict', '-purpose', 'sslserver', option, name], files), expected, `${option} ${name}`);
    }
    assert.equal(certificate.keyUsage?.has('keyEncipherment'), publicKey.asymmetricKeyType === 'rsa');
  }
});

test('a self-signed device certificate is as thin-edge makes it: CA:TRUE, no usages, 364 days to come', async () => {
  const { publicKey, privateKey } = generateEcKey('P-256');
  const certificate = await issueCertificate({
    profile: 'device-self-signed',
    subject: [['CN', 'device-1']],
    publicKey,
    issuer: { selfSignedWith: privateKey },
    now: testNow,
    random,
  });
  assert.deepEqual(certificate.basicConstraints, { isCa: true });
  assert.deepEqual(
    [certificate.keyUsage, certificate.extendedKeyUsage, certificate.authorityKeyId],
    [undefined, undefined, undefined],
  );
  assert.equal(certificate.notAfter, plus(testNow, 364 * dayMs));
  assert.ok(isSignedBy(certificate, certificate));
});

test('a device certificate keeps its serial with its key, has UTF8String names, and lasts as long as its owner wants', async () => {
  const issue = ({ publicKey, privateKey }: ReturnType<typeof generateEcKey>, lifeMs?: number) =>
    issueCertificate({
      profile: 'device-self-signed',
      subject: [
        ['CN', 'a,b\u202e'],
        ['O', 'Thin Edge'],
      ],
      publicKey,
      issuer: { selfSignedWith: privateKey },
      now: testNow,
      random,
      ...(lifeMs !== undefined && { lifeMs }),
    });
  const key = generateEcKey('P-256');
  const [first, renewed, other] = [await issue(key), await issue(key, 30 * dayMs + 1), await issue(generateEcKey('P-256'))];
  assert.equal(renewed.serialHex, first.serialHex);
  assert.notEqual(other.serialHex, first.serialHex);
  assert.match(first.serialHex, /^[0-7][0-9A-F]{1,39}$/);
  assert.equal(renewed.notAfter - renewed.notBefore, 30 * dayMs);
  assert.ok(first.subjectDer.includes(Buffer.from('0c095468696e2045646765', 'hex')));
  assert.equal(formatNameAsEncoded(first.subjectDer), 'CN=a,b\\E2\\80\\AE, O=Thin Edge');
});
