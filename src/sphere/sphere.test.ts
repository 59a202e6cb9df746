import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { importPrivateKeyPem } from '#pki/key.ts';
import { certificateListSchema, cloudPaths, tenantListSchema } from '#sphere/contract/cloud.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench } from '#test/support/sphere-bench.ts';
import { buildSphere } from './sphere.ts';

for (const kind of testDatabases()) {
  describe(`first run on ${kind.name}`, () => {
    test('each CA key is a file of its own that only the owner can read, and none is in the database', async (t) => {
      const bench = await openSphereBench(kind, t);
      const names = (await readdir(bench.keyDirectory)).sort();
      assert.deepEqual(
        names.map((name) => name.replace(/-.*/, '')),
        ['policy', 'root', 'tenant'],
      );
      assert.equal((await stat(bench.keyDirectory)).mode & 0o777, 0o700);
      const rows = await bench.database.selectFrom('sphere_authority').selectAll().execute();
      for (const name of names) {
        assert.equal((await stat(join(bench.keyDirectory, name))).mode & 0o777, 0o600);
        const { privateKey, publicKey } = importPrivateKeyPem(await readFile(join(bench.keyDirectory, name)));
        const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
        assert.ok(rows.every((row) => !Buffer.from(row.der).includes(scalar)));
        assert.ok(rows.some((row) => row.key_file === name && parseCertificate(row.der).publicKey.equals(publicKey)));
      }
    });

    test('a second start finds everything and makes nothing', async (t) => {
      const bench = await openSphereBench(kind, t);
      const before = await readdir(bench.keyDirectory);
      const again = await buildSphere(bench.options);
      assert.equal(again.defaultTenantId, bench.tenantId);
      assert.deepEqual(await readdir(bench.keyDirectory), before);
      assert.equal((await bench.sphere.audit.list({ type: 'ca-activated' })).length, 3);
    });

    test('a start after a crash between tenant and CA completes the tenant', async (t) => {
      const bench = await openSphereBench(kind, t);
      await bench.database.deleteFrom('sphere_authority').where('kind', '=', 'tenant').execute();
      await bench.database.deleteFrom('sphere_policy').execute();
      const again = await buildSphere(bench.options);
      assert.equal(again.defaultTenantId, bench.tenantId);
      const listed = certificateListSchema.parse((await bench.cloud(cloudPaths.certificates(bench.tenantId))).body);
      assert.deepEqual(
        listed.map((certificate) => certificate.Status),
        ['Active'],
      );
      const board = await bench.claimedBoard();
      assert.equal((await bench.attest(board)).status, 200);
    });

    test('a CA key that others may read is not used', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [name = ''] = (await readdir(bench.keyDirectory)).filter((file) => file.startsWith('tenant-'));
      await chmod(join(bench.keyDirectory, name), 0o640);
      assert.equal((await bench.cloud(cloudPaths.verification(bench.tenantId, 'CODE'))).status, 500);
      await chmod(join(bench.keyDirectory, name), 0o600);
      assert.equal((await bench.cloud(cloudPaths.verification(bench.tenantId, 'CODE'))).status, 200);
    });

    test('tenants have CAs of their own under one policy CA, and names within the rules', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Second tenant');
      const issuers = new Set<string>();
      const thumbprints = new Set<string>();
      for (const tenantId of [bench.tenantId, other.tenantId]) {
        const [listed] = certificateListSchema.parse((await bench.cloud(cloudPaths.certificates(tenantId))).body);
        thumbprints.add(listed?.Thumbprint ?? '');
        issuers.add(listed?.Subject ?? '');
      }
      assert.deepEqual([thumbprints.size, issuers.size], [2, 2]);
      for (const name of ['', ' a', 'a'.repeat(51), 'a_b', 'Ä', 'a\n']) {
        await assert.rejects(bench.sphere.tenants.create(name), { code: 'argument-invalid' }, JSON.stringify(name));
      }
    });

    test('the demo has a tenant of its own that nobody sees, and its device attests like any other', async (t) => {
      const bench = await openSphereBench(kind, t);
      const demo = await bench.sphere.openDemoTenant();
      assert.notEqual(demo.tenantId, bench.tenantId);
      assert.deepEqual(
        tenantListSchema.parse((await bench.cloud(cloudPaths.tenants())).body).map((tenant) => tenant.Id),
        [bench.tenantId],
      );
      for (const path of [cloudPaths.certificates(demo.tenantId), cloudPaths.devices(demo.tenantId)]) {
        assert.equal((await bench.cloud(path)).status, 404);
      }
      const proof = parseCertificate(await demo.issueProof('CODE'));
      assert.equal(proof.subject, 'CN=CODE');
      assert.ok(isSignedBy(proof, parseCertificate(demo.certificate)));
      const board = bench.newBoard();
      assert.equal((await bench.claim(board, { tenantId: demo.tenantId, claimCode: await demo.createClaimCode() })).status, 200);
      assert.equal((await bench.attest(board, { tenantId: demo.tenantId })).status, 200);
      assert.equal((await bench.sphere.openDemoTenant()).tenantId, demo.tenantId);
      assert.equal((await buildSphere(bench.options)).defaultTenantId, bench.tenantId);
    });
  });
}
