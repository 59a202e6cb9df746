import assert from 'node:assert/strict';
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { type Certificate, isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { type Crl, entryKey, parseCrl } from '#pki/crl.ts';
import { verifySignature } from '#pki/signature-algorithm.ts';
import { cloudPaths, deviceDetailSchema } from '#sphere/contract/cloud.ts';
import { pkiPaths } from '#sphere/contract/pki.ts';
import { buildSphere, type RevocationList } from '#sphere/sphere.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench, type SphereBench } from '#test/support/sphere-bench.ts';
import type { TestBoard } from '#test/support/sphere-board.ts';

type Read = { crl: Crl; issuer: Certificate };

function read({ der, issuerDer }: RevocationList): Read {
  const [crl, issuer] = [parseCrl(der), parseCertificate(issuerDer)];
  const { signatureAlgorithm: algorithm, tbsDer: signed, signature } = crl;
  assert.ok(verifySignature({ algorithm, publicKey: issuer.publicKey, signed, signature }), 'the issuer signed the list');
  return { crl, issuer };
}

/** The list of the tenant's active CA, as somebody gets it who starts now. */
async function tenantList(bench: SphereBench): Promise<Read> {
  const active = await activeCa(bench);
  const list = (await bench.sphere.revocationLists()).map(read).find(({ issuer }) => issuer.der.equals(active.der));
  assert.ok(list);
  return list;
}

async function activeCa(bench: SphereBench): Promise<Certificate> {
  const found = (await bench.sphere.authorities.list(bench.tenantId)).find(({ state }) => state === 'active');
  assert.ok(found);
  return found.certificate;
}

async function leafOf(bench: SphereBench, board: TestBoard): Promise<Certificate> {
  const answer = await bench.attest(board);
  assert.equal(answer.status, 200, answer.text);
  return parseCertificate(Buffer.from(answer.body.certificate, 'base64'));
}

const reasonOf = ({ crl }: Read, leaf: Certificate) => crl.entries.get(entryKey(leaf.issuerKey, leaf.serialHex))?.reason;

for (const kind of testDatabases()) {
  describe(`revocation on ${kind.name}`, () => {
    const deed = (bench: SphereBench, board: TestBoard, what: 'suspend' | 'resume' | 'revoke') =>
      bench.cloud(cloudPaths.deviceDeed(bench.tenantId, board.deviceId, what), 'POST');

    test('sphere 54: a suspended device gets no certificate, and those it has are on hold until it is resumed', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [board, other] = [await bench.claimedBoard(), await bench.claimedBoard()];
      const leaves = [await leafOf(bench, board), await leafOf(bench, board)];
      const others = await leafOf(bench, other);
      const before = await tenantList(bench);
      const pushed: Read[] = [];
      bench.sphere.onRevocationList((list) => pushed.push(read(list)));

      const answer = await deed(bench, board, 'suspend');
      assert.equal(deviceDetailSchema.parse(answer.body).Status, 'suspended');
      assert.equal(pushed.length, 1);
      const held = await tenantList(bench);
      assert.equal(pushed[0]?.crl.sha256, held.crl.sha256);
      assert.deepEqual(
        leaves.map((leaf) => reasonOf(held, leaf)),
        ['on hold', 'on hold'],
      );
      assert.equal(reasonOf(held, others), undefined);
      assert.equal(held.crl.number, (before.crl.number ?? 0n) + 1n);
      const refused = await bench.attest(board);
      assert.deepEqual([refused.status, refused.body.code], [403, 'device-suspended']);
      assert.equal((await bench.attest(other)).status, 200);

      await deed(bench, board, 'suspend');
      assert.equal(pushed.length, 1, 'doing it again changes nothing');
      assert.equal(deviceDetailSchema.parse((await deed(bench, board, 'resume')).body).Status, 'active');
      assert.equal((await tenantList(bench)).crl.entries.size, 0);
      assert.equal(pushed.length, 2);
      assert.equal((await bench.attest(board)).status, 200);
      const types = (await bench.sphere.audit.list()).map(({ type }) => type);
      assert.deepEqual(
        types.filter((type) => type === 'suspend' || type === 'resume'),
        ['suspend', 'resume'],
      );
    });

    test('sphere 77: a revoked device is refused as device-revoked, its certificates are listed, and nothing brings it back', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const leaf = await leafOf(bench, board);
      await deed(bench, board, 'suspend');
      assert.equal((await deed(bench, board, 'revoke')).status, 200);
      assert.equal(reasonOf(await tenantList(bench), leaf), 'privilege withdrawn');
      const refused = await bench.attest(board);
      assert.deepEqual([refused.status, refused.body.code], [403, 'device-revoked']);
      for (const what of ['resume', 'suspend'] as const) {
        const answer = await deed(bench, board, what);
        assert.deepEqual([answer.status, answer.body.Code], [409, 7]);
      }
      const again = await buildSphere(bench.options);
      assert.equal(reasonOf(await tenantList({ ...bench, sphere: again }), leaf), 'privilege withdrawn');
    });

    test('an entry stays until a list was made after the end of the certificate, and a list is made anew every day', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const leaf = await leafOf(bench, board);
      await deed(bench, board, 'revoke');
      const first = await tenantList(bench);
      bench.platform.clock.advance(dayMs - minuteMs);
      await bench.sphere.upkeep();
      assert.equal((await tenantList(bench)).crl.number, first.crl.number);
      bench.platform.clock.advance(minuteMs);
      await bench.sphere.upkeep();
      const second = await tenantList(bench);
      assert.equal(second.crl.number, (first.crl.number ?? 0n) + 1n);
      assert.equal(reasonOf(second, leaf), 'privilege withdrawn');
      assert.equal(second.crl.nextUpdate, bench.platform.clock.now() + 7 * dayMs);
      bench.platform.clock.advance(3 * dayMs);
      await bench.sphere.upkeep();
      assert.equal((await tenantList(bench)).crl.entries.size, 0);
    });

    test('the service does so by itself as the calendar passes', async (t) => {
      const bench = await openSphereBench(kind, t);
      bench.sphere.start();
      const { promise, resolve } = Promise.withResolvers<void>();
      bench.sphere.onRevocationList(() => resolve());
      bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), dayMs));
      bench.platform.clock.advance(6 * hourMs);
      await promise;
    });

    test('a list that could not be signed is told, and comes by itself a minute later', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const leaf = await leafOf(bench, board);
      const [name = ''] = (await readdir(bench.keyDirectory)).filter((file) => file.startsWith('tenant-'));
      await chmod(join(bench.keyDirectory, name), 0o640);
      const answer = await deed(bench, board, 'suspend');
      assert.deepEqual([answer.status, answer.body.reason], [503, 'revocation-list']);
      assert.equal((await bench.attest(board)).body.code, 'device-suspended');
      await chmod(join(bench.keyDirectory, name), 0o600);
      const { promise, resolve } = Promise.withResolvers<RevocationList>();
      bench.sphere.onRevocationList(resolve);
      bench.platform.clock.advance(minuteMs);
      assert.equal(reasonOf(read(await promise), leaf), 'on hold');
    });

    test('two processes that issue at once end with one list that says everything', async (t) => {
      const bench = await openSphereBench(kind, t);
      const boards = [await bench.claimedBoard(), await bench.claimedBoard()];
      const leaves: Certificate[] = [];
      for (const board of boards) leaves.push(await leafOf(bench, board));
      const other = await buildSphere(bench.options);
      await Promise.all([
        bench.sphere.changeDeviceStatus({ ...change(bench, boards[0]), deed: 'suspend' }),
        other.changeDeviceStatus({ ...change(bench, boards[1]), deed: 'revoke' }),
      ]);
      const list = await tenantList(bench);
      assert.deepEqual(
        leaves.map((leaf) => reasonOf(list, leaf)),
        ['on hold', 'privilege withdrawn'],
      );
      await other.stop();
    });

    test('the URLs in the certificates of the CAs lead to the list and the certificate of their issuer', async (t) => {
      const bench = await openSphereBench(kind, t);
      const tenant = await activeCa(bench);
      const urls = tenant.distributionPoints?.flatMap(({ name }) => (name && 'fullNames' in name ? name.fullNames : []));
      const [url] = urls ?? [];
      assert.ok(url?.kind === 'uri' && url.text.startsWith(`${bench.origin}/`));
      const list = await bench.send('GET', url.text.slice(bench.origin.length));
      assert.deepEqual([list.status, list.headers.get('content-type')], [200, 'application/pkix-crl']);
      const crl = parseCrl(Buffer.from(list.body as unknown as Uint8Array));
      const issuerUrl = pkiPaths.certificate(url.text.split('/').at(-1)?.replace('.crl', '') ?? '');
      assert.ok(tenant.der.includes(Buffer.from(bench.origin + issuerUrl)), 'AIA names the issuer');
      const issuer = await bench.send('GET', issuerUrl);
      assert.equal(issuer.headers.get('content-type'), 'application/pkix-cert');
      const policy = parseCertificate(Buffer.from(issuer.body as unknown as Uint8Array));
      assert.ok(isSignedBy(tenant, policy));
      assert.equal(crl.issuerKey, policy.subjectKey);
      for (const path of [pkiPaths.crl('00FF'), pkiPaths.certificate('..%2Froot'), '/sphere/pki/']) {
        assert.equal((await bench.send('GET', path)).status, 404, path);
      }
    });

    test('a device of another tenant is not found and stays what it is, and an id that is none is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const board = await bench.claimedBoard();
      const foreign = await bench.cloud(cloudPaths.deviceDeed(other.tenantId, board.deviceId, 'revoke'), 'POST');
      assert.deepEqual([foreign.status, foreign.body.reason], [404, 'device-not-found']);
      assert.equal((await bench.attest(board)).status, 200);
      assert.equal((await bench.cloud(cloudPaths.deviceDeed(bench.tenantId, 'c3'.repeat(64), 'revoke'), 'POST')).status, 400);
    });
  });
}

function change(bench: SphereBench, board: TestBoard | undefined) {
  assert.ok(board);
  return { tenantId: bench.tenantId, deviceId: board.deviceId, actor: 'test' };
}
