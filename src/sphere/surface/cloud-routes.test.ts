import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs } from '#base/instant.ts';
import { isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { parsePkcs7Chain } from '#pki/pkcs7.ts';
import {
  certificateListSchema,
  claimCodeSchema,
  cloudErrorSchema,
  cloudPaths,
  deviceDetailSchema,
  devicePageSchema,
  tenantListSchema,
} from '#sphere/contract/cloud.ts';
import { cloudRoutes } from '#sphere/surface/cloud-routes.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench } from '#test/support/sphere-bench.ts';

for (const kind of testDatabases()) {
  describe(`cloud API on ${kind.name}`, () => {
    test('the first run makes one tenant, named Homeport', async (t) => {
      const bench = await openSphereBench(kind, t);
      const tenants = tenantListSchema.parse((await bench.cloud(cloudPaths.tenants())).body);
      assert.deepEqual(tenants, [{ Id: bench.tenantId, Name: 'Homeport', Roles: ['Administrator'] }]);
    });

    test('every route refuses a missing, a wrong, a misplaced and an expired token with 401', async (t) => {
      const bench = await openSphereBench(kind, t);
      const paths = cloudRoutes({} as never).map(({ method, path }) => ({
        method,
        path: path.replace(':tenantId', bench.tenantId).replace(':code', 'CODE').replace(':deviceId', bench.newBoard().deviceId),
      }));
      assert.equal(paths.length, 13);
      const assertAllRefused = async (headers: Record<string, string>) => {
        for (const { method, path } of paths) {
          const answer = await bench.send(method, path, undefined, headers);
          assert.deepEqual([answer.status, answer.body.reason], [401, 'unauthorized'], `${method} ${path}`);
          assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
        }
      };
      await assertAllRefused({});
      await assertAllRefused({ authorization: 'Bearer wrong' });
      await assertAllRefused({ authorization: bench.token });
      await assertAllRefused({ cookie: `token=${bench.token}` });
      await assertAllRefused({ authorization: `Bearer ${'x'.repeat(5000)}` });
      bench.platform.clock.advance(12 * hourMs);
      await assertAllRefused({ authorization: `Bearer ${bench.token}` });
      const { token } = await bench.sphere.mintAdministratorToken();
      assert.equal((await bench.send('GET', cloudPaths.tenants(), undefined, { authorization: `Bearer ${token}` })).status, 200);
      assert.ok((await bench.refusals.list({ service: 'sphere' })).some((row) => row.reason === 'token-missing'));
    });

    test('tokens are kept as hashes', async (t) => {
      const bench = await openSphereBench(kind, t);
      const rows = await bench.database.selectFrom('sphere_token').selectAll().execute();
      assert.equal(rows.length, 1);
      assert.ok(!JSON.stringify(rows).includes(bench.token));
    });

    test('sphere 11: the downloaded CA is DER that OpenSSL reads, the same bytes each time', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [first, second] = [
        await bench.cloud<string>(cloudPaths.certificate(bench.tenantId)),
        await bench.cloud<string>(cloudPaths.certificate(bench.tenantId, 'active')),
      ];
      assert.equal(first.text, second.text);
      const certificate = new X509Certificate(Buffer.from(JSON.parse(first.text), 'base64'));
      assert.ok(certificate.ca);
      assert.equal(certificate.subject, `O=Homeport\nCN=Homeport Sphere ${bench.tenantId}`);
    });

    test('sphere 17: the chain holds root, policy and tenant in that order', async (t) => {
      const bench = await openSphereBench(kind, t);
      const body = JSON.parse((await bench.cloud(cloudPaths.certificateChain(bench.tenantId))).text) as string;
      const chain = parsePkcs7Chain(Buffer.from(body, 'base64')).map(parseCertificate);
      const [root, policy, tenant] = chain;
      assert.ok(root && policy && tenant && chain.length === 3);
      assert.match(root.subject, /^CN=Homeport Sphere Root CA 2026, O=Homeport$/);
      assert.match(policy.subject, /^CN=Homeport Sphere Policy CA 2026, O=Homeport$/);
      assert.equal(tenant.subject, `CN=Homeport Sphere ${bench.tenantId}, O=Homeport`);
      assert.ok(isSignedBy(root, root) && isSignedBy(policy, root) && isSignedBy(tenant, policy));
    });

    test('sphere 18: the thumbprint is the upper-case SHA-1 of the DER', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [listed] = certificateListSchema.parse((await bench.cloud(cloudPaths.certificates(bench.tenantId))).body);
      assert.ok(listed?.Certificate);
      const der = Buffer.from(listed.Certificate, 'base64');
      assert.match(listed.Thumbprint, /^[0-9A-F]{40}$/);
      assert.equal(listed.Thumbprint, new X509Certificate(der).fingerprint.replaceAll(':', ''));
      assert.deepEqual([listed.IsActive, listed.IsRevoked, listed.Status], [true, false, 'Active']);
    });

    test('sphere 19: a CA is found by thumbprint or serial, with or without separators, zeros and capitals', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [listed] = certificateListSchema.parse((await bench.cloud(cloudPaths.certificates(bench.tenantId))).body);
      assert.ok(listed);
      const { Thumbprint, SerialNumber } = listed;
      const spellings = [
        Thumbprint.toLowerCase(),
        Thumbprint.replace(/..(?=.)/g, '$&:'),
        SerialNumber.toLowerCase(),
        `00${SerialNumber}`,
        '.default',
      ];
      for (const spelling of spellings) {
        assert.equal((await bench.cloud(cloudPaths.certificate(bench.tenantId, spelling))).status, 200, spelling);
      }
      const answer = await bench.cloud(cloudPaths.certificate(bench.tenantId, 'AB'.repeat(20)));
      assert.deepEqual([answer.status, answer.body.Code], [404, 8]);
    });

    test('sphere 20: an expired CA is listed, and its download fails', async (t) => {
      const bench = await openSphereBench(kind, t);
      bench.platform.clock.advance(730 * dayMs);
      const { token } = await bench.sphere.mintAdministratorToken();
      const get = (path: string) => bench.send('GET', path, undefined, { authorization: `Bearer ${token}` });
      const [listed] = certificateListSchema.parse((await get(cloudPaths.certificates(bench.tenantId))).body);
      assert.deepEqual([listed?.Status, listed?.Certificate], ['Expired', null]);
      assert.equal((await get(cloudPaths.certificate(bench.tenantId))).status, 404);
      assert.equal((await get(cloudPaths.verification(bench.tenantId, 'CODE'))).status, 404);
    });

    test('sphere 21: the tenant CA has P-384, 730 days from three hours back, critical CA:TRUE, pathlen 0, SKI and AKI', async (t) => {
      const bench = await openSphereBench(kind, t);
      const body = JSON.parse((await bench.cloud(cloudPaths.certificate(bench.tenantId))).text) as string;
      const certificate = parseCertificate(Buffer.from(body, 'base64'));
      assert.deepEqual(certificate.keyAlgorithm, { kind: 'ec', curve: 'P-384' });
      assert.equal(certificate.notAfter - certificate.notBefore, 730 * dayMs);
      assert.equal(certificate.notBefore, bench.platform.clock.now() - 3 * hourMs);
      assert.deepEqual(certificate.basicConstraints, { isCa: true, pathLength: 0 });
      // 2.5.29.19, then BOOLEAN TRUE.
      assert.ok(certificate.der.includes(Buffer.from('0603551d130101ff', 'hex')));
      assert.ok(certificate.subjectKeyId && certificate.authorityKeyId);
    });

    test('sphere 24: the proof carries the code as its common name and nothing else', async (t) => {
      const bench = await openSphereBench(kind, t);
      const code = 'A1B2C3D4'.repeat(6);
      const answer = await bench.cloud(cloudPaths.verification(bench.tenantId, code));
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      const proof = parseCertificate(Buffer.from(JSON.parse(answer.text), 'base64'));
      assert.equal(proof.subject, `CN=${code}`);
      const ca = JSON.parse((await bench.cloud(cloudPaths.certificate(bench.tenantId))).text) as string;
      assert.ok(isSignedBy(proof, parseCertificate(Buffer.from(ca, 'base64'))));
      const now = bench.platform.clock.now();
      assert.deepEqual([proof.notBefore, proof.notAfter], [now - 5 * minuteMs, now + hourMs]);
      assert.deepEqual([...(proof.keyUsage ?? [])], ['encipherOnly']);
      const again = JSON.parse((await bench.cloud(cloudPaths.verification(bench.tenantId, code))).text) as string;
      assert.notEqual(parseCertificate(Buffer.from(again, 'base64')).spkiSha256, proof.spkiSha256);
      assert.equal((await bench.sphere.audit.list({ type: 'proof-issued' })).length, 2);
    });

    test('sphere 34: a code that is a device id, too long, or more than a name gets 400 and no proof', async (t) => {
      const bench = await openSphereBench(kind, t);
      const codes = [bench.newBoard().deviceId, 'a'.repeat(65), 'a,CN=b', 'a=b', 'a b', 'a\u0000b', 'ä', 'a/b'];
      for (const code of codes) {
        const answer = await bench.cloud(cloudPaths.verification(bench.tenantId, code));
        assert.deepEqual([answer.status, answer.body.Code], [400, 5], code);
      }
      assert.deepEqual(await bench.sphere.audit.list({ type: 'proof-issued' }), []);
    });

    test('the sixth proof at once is answered 429 with Retry-After', async (t) => {
      const bench = await openSphereBench(kind, t);
      for (let i = 0; i < 5; i++)
        assert.equal((await bench.cloud(cloudPaths.verification(bench.tenantId, `CODE${i}`))).status, 200);
      const answer = await bench.cloud(cloudPaths.verification(bench.tenantId, 'CODE5'));
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '180']);
      const other = await bench.sphere.tenants.create('Other');
      assert.equal((await bench.cloud(cloudPaths.verification(other.tenantId, 'CODE'))).status, 200);
      bench.platform.clock.advance(180_000);
      assert.equal((await bench.cloud(cloudPaths.verification(bench.tenantId, 'CODE5'))).status, 200);
    });

    test('sphere 2: a device id is one device in upper and lower case, and shown in lower case', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const upper = board.deviceId.toUpperCase();
      const shown = deviceDetailSchema.parse((await bench.cloud(cloudPaths.device(bench.tenantId, upper))).body);
      assert.equal(shown.DeviceId, board.deviceId);
      const claimCode = await bench.claimCode();
      const evidence = await board.claimEvidence({ nonce: await bench.nonceFor(upper), tenantId: bench.tenantId, claimCode });
      const again = await bench.device<{ changed: boolean; deviceId: string }>('/sphere/attest/v1/claims', {
        deviceId: upper,
        tenantId: bench.tenantId,
        claimCode,
        evidence,
      });
      assert.deepEqual([again.status, again.body.changed, again.body.deviceId], [200, false, board.deviceId]);
      const page = devicePageSchema.parse((await bench.cloud(cloudPaths.devices(bench.tenantId))).body);
      assert.deepEqual(
        page.Items.map((item) => item.DeviceId),
        [board.deviceId],
      );
    });

    test('sphere 1: a device id that is a point on P-256 is accepted, a random one gets 400', async (t) => {
      const bench = await openSphereBench(kind, t);
      assert.equal((await bench.cloud(cloudPaths.device(bench.tenantId, bench.newBoard().deviceId))).status, 404);
      const random = await bench.cloud(cloudPaths.device(bench.tenantId, 'c3'.repeat(64)));
      assert.deepEqual([random.status, random.body.Code, random.body.reason], [400, 5, 'device-id-malformed']);
    });

    test('sphere 3: ids of 127 or 129 characters, or with a character that is not hex, get 400', async (t) => {
      const bench = await openSphereBench(kind, t);
      const { deviceId } = bench.newBoard();
      for (const bad of [deviceId.slice(1), `${deviceId}0`, `${deviceId.slice(1)}g`]) {
        assert.equal((await bench.cloud(cloudPaths.device(bench.tenantId, bad))).status, 400);
        const nonce = { deviceId: bad, tenantId: bench.tenantId, evidenceFormat: 'application/eat+jwt' };
        assert.equal((await bench.device('/sphere/attest/v1/nonces', nonce)).status, 400);
      }
    });

    test('a device is shown with what its last attestation found, and not to another tenant', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const board = await bench.claimedBoard();
      await bench.attest(board);
      const shown = deviceDetailSchema.parse((await bench.cloud(cloudPaths.device(bench.tenantId, board.deviceId))).body);
      assert.deepEqual(
        [shown.Assurance, shown.LastInstalledOSVersion, shown.ClaimMethod],
        ['A0', 'homeport-sim 1.0.0', 'possession'],
      );
      const hidden = await bench.cloud(cloudPaths.device(other.tenantId, board.deviceId));
      const unknown = await bench.cloud(cloudPaths.device(other.tenantId, bench.newBoard().deviceId));
      assert.equal(hidden.status, 404);
      const { trackingId: _a, ...hiddenBody } = cloudErrorSchema.parse(hidden.body);
      const { trackingId: _b, ...unknownBody } = cloudErrorSchema.parse(unknown.body);
      assert.deepEqual(hiddenBody, unknownBody);
    });

    test('a long list of devices comes in pages', async (t) => {
      const bench = await openSphereBench(kind, t);
      const ids = Array.from({ length: 101 }, () => bench.newBoard().deviceId).sort();
      await bench.database.transaction().execute(async (transaction) => {
        for (const id of ids) await bench.sphere.devices.claim(transaction, id, bench.tenantId);
      });
      const first = devicePageSchema.parse((await bench.cloud(cloudPaths.devices(bench.tenantId))).body);
      assert.ok(first.ContinuationToken);
      const second = devicePageSchema.parse(
        (await bench.cloud(cloudPaths.devices(bench.tenantId, first.ContinuationToken))).body,
      );
      assert.equal(second.ContinuationToken, null);
      assert.deepEqual(
        [...first.Items, ...second.Items].map((item) => item.DeviceId),
        ids,
      );
    });

    test('claim codes are for tenants that exist', async (t) => {
      const bench = await openSphereBench(kind, t);
      const made = await bench.cloud(cloudPaths.claimCodes(bench.tenantId), 'POST');
      assert.equal(made.status, 201);
      assert.equal(claimCodeSchema.parse(made.body).TenantId, bench.tenantId);
      const answer = await bench.cloud(cloudPaths.claimCodes('00000000-0000-4000-8000-000000000000'), 'POST');
      assert.deepEqual([answer.status, answer.body.Code], [404, 8]);
    });

    test('an unknown path and an unknown query name are refused in the words of the API', async (t) => {
      const bench = await openSphereBench(kind, t);
      const missing = await bench.cloud('/sphere/v2/nothing');
      assert.deepEqual([missing.status, missing.body.Code], [404, 8]);
      const query = await bench.cloud(`${cloudPaths.certificate(bench.tenantId)}?index=1`);
      assert.deepEqual([query.status, query.body.Code], [400, 5]);
    });
  });
}
