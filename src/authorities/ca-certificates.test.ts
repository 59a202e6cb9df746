import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { Problem, type ProblemCode } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalEntry } from '#storage/refusal-log.ts';
import {
  makeCa,
  makeCertificate,
  makeOriginalProof,
  makeOriginalTenantCa,
  makeProof,
  makeSphereAuthorities,
  rsaKey,
  testNow,
} from '#test/support/certificates.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { CaCertificates } from './ca-certificates.ts';

function isProblem(code: ProblemCode, reason?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Problem, String(error));
    assert.deepEqual([error.code, error.reason], [code, reason]);
    return true;
  };
}

for (const { name, open } of testDatabases()) {
  describe(`uploaded CA certificates on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let owners = 0;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    /** An owner of its own per test, so that tests do not meet. */
    function setUp() {
      const platform = testPlatform(++owners);
      const refusals: RefusalEntry[] = [];
      const certificates = new CaCertificates(platform, database, `dps:0ne${owners}`, {
        record: (entry) => refusals.push(entry),
      });
      return { certificates, platform, refusals };
    }

    async function uploadTenant() {
      const context = setUp();
      const { tenant } = await makeSphereAuthorities();
      await context.certificates.upload({ certificateId: 'primary', file: tenant.der, by: 'ann' });
      return { ...context, tenant };
    }

    test('sphere 36: a certificate goes from unverified by a code to verified, and stays so', async () => {
      const { certificates, platform, tenant } = await uploadTenant();
      const uploaded = await certificates.load('primary');
      assert.equal(uploaded?.isVerified, false);
      assert.equal(uploaded?.subject, tenant.certificate.subject);
      assert.equal(uploaded?.sha1Thumbprint, tenant.certificate.sha1Thumbprint);
      assert.deepEqual(await certificates.loadVerified(), []);

      const { verificationCode = '', codeExpiresAt, etag } = await certificates.generateVerificationCode('primary');
      assert.match(verificationCode, /^[0-9A-F]{48}$/);
      assert.equal(codeExpiresAt, plus(platform.clock.now(), 7 * dayMs));
      assert.notEqual(etag, uploaded?.etag);

      const proof = await makeProof(tenant, verificationCode);
      const verified = await certificates.verify('primary', proof.der, 'ann');
      assert.equal(verified.isVerified, true);
      assert.equal(verified.verifiedBy, 'ann');
      assert.equal(verified.selfAttested, false);
      assert.equal(verified.verificationCode, undefined);
      assert.deepEqual(
        (await certificates.loadVerified()).map(({ certificateId }) => certificateId),
        ['primary'],
      );
    });

    test('sphere 22, sphere 25: a tenant CA and a proof of the original shape are accepted', async () => {
      const { certificates } = setUp();
      const tenant = makeOriginalTenantCa();
      await certificates.upload({ certificateId: 'primary', file: Buffer.from(tenant.pem), by: 'ann' });
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      const proof = makeOriginalProof(tenant, verificationCode);
      assert.equal((await certificates.verify('primary', Buffer.from(proof.der.toString('base64')), 'ann')).isVerified, true);
    });

    test('sphere 26: a proof with a wrong code is refused, kept with its reason, and changes nothing', async () => {
      const { certificates, refusals, tenant } = await uploadTenant();
      const before = await certificates.generateVerificationCode('primary');
      const proof = await makeProof(tenant, 'A'.repeat(48));
      await assert.rejects(certificates.verify('primary', proof.der, 'ann'), isProblem('proof-refused', 'ProofCodeMismatch'));
      assert.deepEqual(await certificates.load('primary'), before);
      assert.equal(refusals.length, 1);
      assert.deepEqual(
        [refusals[0]?.service, refusals[0]?.subject, refusals[0]?.reason],
        ['provisioning', 'primary', 'ProofCodeMismatch'],
      );
      assert.equal(refusals[0]?.trace.at(-1)?.passed, false);
    });

    test('sphere 29: a proof made for one certificate is refused on another', async () => {
      const { certificates, tenant } = await uploadTenant();
      const other = await makeSphereAuthorities();
      await certificates.upload({ certificateId: 'secondary', file: other.tenant.der, by: 'ann' });
      const first = await certificates.generateVerificationCode('primary');
      await certificates.generateVerificationCode('secondary');
      const proof = await makeProof(tenant, first.verificationCode ?? '');
      await assert.rejects(certificates.verify('secondary', proof.der, 'ann'), isProblem('proof-refused', 'ProofCodeMismatch'));
      assert.equal((await certificates.verify('primary', proof.der, 'ann')).isVerified, true);
    });

    test('sphere 30: after a new code was generated the old proof is refused', async () => {
      const { certificates, tenant } = await uploadTenant();
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      const proof = await makeProof(tenant, verificationCode);
      await certificates.generateVerificationCode('primary');
      await assert.rejects(certificates.verify('primary', proof.der, 'ann'), isProblem('proof-refused', 'ProofCodeMismatch'));
    });

    test('sphere 31: a proof older than sixty minutes is refused', async () => {
      const { certificates, platform, tenant } = await uploadTenant();
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      const proof = await makeProof(tenant, verificationCode, platform.clock.now());
      platform.clock.advance(61 * minuteMs);
      await assert.rejects(certificates.verify('primary', proof.der, 'ann'), isProblem('proof-refused', 'ProofExpired'));
    });

    test('sphere 32: the CA itself is refused as its proof', async () => {
      const { certificates, tenant } = await uploadTenant();
      await certificates.generateVerificationCode('primary');
      await assert.rejects(certificates.verify('primary', tenant.der, 'ann'), isProblem('proof-refused', 'ProofIsCa'));
    });

    test('sphere 33: a code that was used is refused the second time, also when both come at once', async () => {
      const { certificates, tenant, refusals } = await uploadTenant();
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      const proof = await makeProof(tenant, verificationCode);
      const outcomes = await Promise.allSettled([1, 2].map(() => certificates.verify('primary', proof.der, 'ann')));
      assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
      await assert.rejects(certificates.verify('primary', proof.der, 'ann'), isProblem('proof-refused', 'ProofCodeStale'));
      assert.equal(refusals.length, 2);
    });

    test('a code is stale after seven days', async () => {
      const { certificates, platform, tenant } = await uploadTenant();
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      platform.clock.advance(7 * dayMs + 1);
      const proof = await makeProof(tenant, verificationCode, platform.clock.now());
      await assert.rejects(certificates.verify('primary', proof.der, 'ann'), isProblem('proof-refused', 'ProofCodeStale'));
    });

    test('a change under an etag that is no longer current is refused', async () => {
      const { certificates, tenant } = await uploadTenant();
      const old = (await certificates.load('primary'))?.etag ?? '';
      const { verificationCode = '', etag } = await certificates.generateVerificationCode('primary', `"${old}"`);
      const proof = await makeProof(tenant, verificationCode);
      await assert.rejects(certificates.generateVerificationCode('primary', old), isProblem('precondition-failed'));
      await assert.rejects(certificates.verify('primary', proof.der, 'ann', old), isProblem('precondition-failed'));
      await assert.rejects(certificates.delete('primary', old), isProblem('precondition-failed'));
      await certificates.verify('primary', proof.der, 'ann', etag);
      await certificates.delete('primary', '*');
      assert.equal(await certificates.load('primary'), undefined);
    });

    const badUploads: [string, () => Buffer, string][] = [
      [
        'sphere 37: a CA without basicConstraints',
        () => makeCertificate({ subject: [['CN', 'Odd']], keyUsage: ['keyCertSign'] }).der,
        'issuer-not-ca',
      ],
      ['sphere 38: a certificate with CA:FALSE', () => makeCa({ basicConstraints: { isCa: false } }).der, 'issuer-not-ca'],
      ['sphere 39: a CA with an RSA key of 1024 bits', () => makeCa({ key: rsaKey(1024) }).der, 'certificate-too-weak'],
      ['sphere 39: a CA signed with SHA-1', () => makeCa({ hash: 'sha1' }).der, 'certificate-too-weak'],
      [
        'sphere 39: an expired CA',
        () => makeCa({ notBefore: plus(testNow, -dayMs), notAfter: plus(testNow, -hourMs) }).der,
        'certificate-expired',
      ],
      [
        'sphere 39: a CA that is not yet valid',
        () => makeCa({ notBefore: plus(testNow, hourMs) }).der,
        'certificate-not-yet-valid',
      ],
      ['sphere 40: 1 MiB of input', () => Buffer.alloc(1 << 20, 0x30), 'file-too-large'],
      ['a file of noise', () => Buffer.from('not a certificate'), 'certificate-malformed'],
      ['an empty file', () => Buffer.alloc(0), 'certificate-malformed'],
    ];
    for (const [what, file, reason] of badUploads) {
      test(`${what} is refused on upload, and nothing is stored`, async () => {
        const { certificates } = setUp();
        await assert.rejects(
          certificates.upload({ certificateId: 'primary', file: file(), by: 'ann' }),
          isProblem('certificate-invalid', reason),
        );
        assert.deepEqual(await certificates.list(), []);
      });
    }

    test('the same certificate under another name is refused, and a taken name without replace as well', async () => {
      const { certificates, tenant } = await uploadTenant();
      await assert.rejects(
        certificates.upload({ certificateId: 'secondary', file: tenant.der, by: 'ann' }),
        isProblem('already-exists', 'certificate-present'),
      );
      await assert.rejects(
        certificates.upload({ certificateId: 'primary', file: makeCa().der, by: 'ann' }),
        isProblem('already-exists'),
      );
      await assert.rejects(
        certificates.upload({ certificateId: 'a/b', file: makeCa().der, by: 'ann' }),
        isProblem('argument-invalid'),
      );
    });

    test('replacing a verified certificate makes the new one unverified; the same one again changes nothing', async () => {
      const { certificates, tenant } = await uploadTenant();
      const { verificationCode = '' } = await certificates.generateVerificationCode('primary');
      const verified = await certificates.verify('primary', (await makeProof(tenant, verificationCode)).der, 'ann');
      assert.deepEqual(
        await certificates.upload({ certificateId: 'primary', file: tenant.der, by: 'bob', replace: true }),
        verified,
      );
      const replaced = await certificates.upload({ certificateId: 'primary', file: makeCa().der, by: 'bob', replace: true });
      assert.equal(replaced.isVerified, false);
      assert.equal(replaced.verifiedBy, undefined);
      assert.deepEqual(await certificates.loadVerified(), []);
    });

    test('sphere 41: verified on upload is remembered as self-attested, and a proof afterwards mends that', async () => {
      const { certificates } = setUp();
      const ca = makeCa();
      const uploaded = await certificates.upload({ certificateId: 'primary', file: ca.der, by: 'ann', verifiedOnUpload: true });
      assert.deepEqual([uploaded.isVerified, uploaded.selfAttested, uploaded.verifiedBy], [true, true, 'ann']);
      const { verificationCode = '', isVerified } = await certificates.generateVerificationCode('primary');
      assert.equal(isVerified, true);
      const proven = await certificates.verify('primary', (await makeProof(ca, verificationCode)).der, 'bob');
      assert.deepEqual([proven.selfAttested, proven.verifiedBy], [false, 'bob']);
      await assert.rejects(certificates.generateVerificationCode('primary'), isProblem('conflict'));
    });

    test('owners do not see each other, changes are announced, and unchanged objects stay the same', async () => {
      const first = await uploadTenant();
      const second = setUp();
      assert.deepEqual(await second.certificates.list(), []);
      await second.certificates.upload({ certificateId: 'primary', file: first.tenant.der, by: 'ann' });
      const changes: string[] = [];
      const cancel = first.certificates.onChange((certificateId) => changes.push(certificateId));
      await first.certificates.generateVerificationCode('primary');
      await first.certificates.delete('primary');
      cancel();
      assert.deepEqual(changes, ['primary', 'primary']);
      assert.equal((await second.certificates.list())[0], (await second.certificates.list())[0]);
    });

    test('what is not there is not found', async () => {
      const { certificates } = setUp();
      await assert.rejects(certificates.generateVerificationCode('none'), isProblem('certificate-not-found'));
      await assert.rejects(certificates.verify('none', Buffer.alloc(0), 'ann'), isProblem('certificate-not-found'));
      await assert.rejects(certificates.delete('none'), isProblem('certificate-not-found'));
    });
  });
}
