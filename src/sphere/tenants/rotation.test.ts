import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { entryKey, parseCrl } from '#pki/crl.ts';
import { type CloudCertificate, certificateListSchema, certificateSchema, cloudPaths } from '#sphere/contract/cloud.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench, type SphereBench } from '#test/support/sphere-bench.ts';

/** Who trusts which CAs, in place of hubs and provisioning instances: what the composition root asks them. */
class Relying {
  readonly trusted = new Set<string>();
  asked = 0;
  findLacking = async ({ next }: { current: Buffer; next: Buffer }): Promise<readonly string[]> => {
    this.asked += 1;
    return this.trusted.has(next.toString('base64')) ? [] : ['hub main'];
  };
}

/** Tokens last twelve hours, and here it is always later. */
async function ask<T>(bench: SphereBench, path: string, method = 'GET') {
  const { token } = await bench.sphere.mintAdministratorToken();
  return bench.send<T>(method, path, undefined, { authorization: `Bearer ${token}` });
}

async function listOf(bench: SphereBench): Promise<CloudCertificate[]> {
  const answer = await ask(bench, cloudPaths.certificates(bench.tenantId));
  const list = certificateListSchema.parse(answer.body);
  assert.ok(list.filter(({ IsActive }) => IsActive).length <= 1);
  return list;
}

const statusesOf = async (bench: SphereBench) => (await listOf(bench)).map(({ Status }) => Status);

async function passTo(bench: SphereBench, daysBeforeEnd: number): Promise<void> {
  const [first] = await listOf(bench);
  const end = Date.parse(first?.ExpiryUTC ?? '');
  bench.platform.clock.advance(end - daysBeforeEnd * dayMs - bench.platform.clock.now());
  await bench.sphere.upkeep();
}

async function pendingOf(bench: SphereBench): Promise<CloudCertificate & { Certificate: string }> {
  const found = (await listOf(bench)).at(-1);
  assert.ok(found?.Certificate && found.Status === 'Inactive');
  return { ...found, Certificate: found.Certificate };
}

const activate = (bench: SphereBench, thumbprint: string, force = false) =>
  ask(bench, cloudPaths.activateCertificate(bench.tenantId, thumbprint, force), 'POST');
const revoke = (bench: SphereBench, thumbprint: string) =>
  ask(bench, cloudPaths.revokeCertificate(bench.tenantId, thumbprint), 'POST');

for (const kind of testDatabases()) {
  describe(`rotation on ${kind.name}`, () => {
    test('sphere 83: 90 days before its end a CA has a successor that is shown Inactive, and one alone is Active', async (t) => {
      const bench = await openSphereBench(kind, t);
      await passTo(bench, 90 + 1 / 24);
      assert.deepEqual(await statusesOf(bench), ['Active']);
      await passTo(bench, 90);
      assert.deepEqual(await statusesOf(bench), ['Active', 'Inactive']);
      await bench.sphere.upkeep();
      assert.deepEqual(await statusesOf(bench), ['Active', 'Inactive']);
      const pending = await pendingOf(bench);
      assert.deepEqual([pending.IsActive, pending.IsRevoked], [false, false]);
      // It can be registered everywhere before it issues anything: downloaded, and proven.
      const der = JSON.parse((await ask(bench, cloudPaths.certificate(bench.tenantId, pending.Thumbprint))).text) as string;
      assert.equal(der, pending.Certificate);
      const proof = JSON.parse((await ask(bench, cloudPaths.verification(bench.tenantId, 'CODE', pending.SerialNumber))).text);
      assert.ok(isSignedBy(parseCertificate(Buffer.from(proof, 'base64')), parseCertificate(Buffer.from(der, 'base64'))));
      const lists = (await bench.sphere.revocationLists()).map(({ issuerDer }) => issuerDer.toString('base64'));
      assert.ok(lists.includes(der), 'it has a list of its own');
      const types = (await bench.sphere.audit.list({ type: 'ca-created' })).map(({ tenantId }) => tenantId);
      assert.deepEqual(types, [bench.tenantId]);
    });

    test('45 days later the successor is active by itself, the old one is retired, and leaves come from the new one', async (t) => {
      const relying = new Relying();
      const bench = await openSphereBench(kind, t, { findLacking: relying.findLacking });
      await passTo(bench, 90);
      const pending = await pendingOf(bench);
      relying.trusted.add(pending.Certificate);
      await passTo(bench, 45 + 1 / 24);
      assert.deepEqual(await statusesOf(bench), ['Active', 'Inactive']);
      await passTo(bench, 45);
      assert.deepEqual(await statusesOf(bench), ['Inactive', 'Active']);
      const answer = await bench.attest(await claimedNow(bench));
      const leaf = parseCertificate(Buffer.from(answer.body.certificate, 'base64'));
      assert.ok(isSignedBy(leaf, parseCertificate(Buffer.from(pending.Certificate, 'base64'))));
      const revoked = (await bench.sphere.revocationLists()).map(({ der }) => parseCrl(der).entries.size);
      assert.ok(
        revoked.every((size) => size === 0),
        'a CA that was followed is on no list: its leaves are good until they end',
      );
    });

    test('sphere 85: activation waits, and is refused by hand, while somebody lacks the new CA, unless it is forced', async (t) => {
      const relying = new Relying();
      const bench = await openSphereBench(kind, t, { findLacking: relying.findLacking });
      await passTo(bench, 90);
      const { Thumbprint } = await pendingOf(bench);
      const refused = await activate(bench, Thumbprint);
      assert.deepEqual([refused.status, refused.body.reason], [409, 'ca-not-verified-everywhere']);
      assert.match(refused.text, /hub main/);
      await passTo(bench, 40);
      assert.deepEqual(await statusesOf(bench), ['Active', 'Inactive']);
      const forced = await activate(bench, Thumbprint, true);
      assert.equal(certificateSchema.parse(forced.body).Status, 'Active');
      assert.deepEqual(await statusesOf(bench), ['Inactive', 'Active']);
      assert.equal((await activate(bench, Thumbprint)).status, 200, 'doing it again changes nothing');
      const [old] = await listOf(bench);
      const back = await activate(bench, old?.Thumbprint ?? '');
      assert.deepEqual([back.status, back.body.reason], [409, 'ca-not-pending']);
    });

    test('when the old CA has ended nobody is kept out any more by the new one, so it is active', async (t) => {
      const bench = await openSphereBench(kind, t, { findLacking: new Relying().findLacking });
      await passTo(bench, 90);
      await passTo(bench, 0);
      assert.deepEqual(await statusesOf(bench), ['Expired', 'Active']);
    });

    test('by hand it goes as soon as everybody has the new CA', async (t) => {
      const relying = new Relying();
      const bench = await openSphereBench(kind, t, { findLacking: relying.findLacking });
      await passTo(bench, 89);
      const pending = await pendingOf(bench);
      relying.trusted.add(pending.Certificate);
      assert.equal((await activate(bench, pending.Thumbprint)).status, 200);
      assert.deepEqual(await statusesOf(bench), ['Inactive', 'Active']);
      const types = (await bench.sphere.audit.list()).map(({ type }) => type).filter((type) => type.startsWith('ca-'));
      assert.deepEqual(types.slice(-3), ['ca-created', 'ca-retired', 'ca-activated']);
    });

    test('sphere 86: when the active CA is revoked a new one is active at once, and the policy CA lists the old one', async (t) => {
      const bench = await openSphereBench(kind, t, { findLacking: new Relying().findLacking });
      const [first] = await listOf(bench);
      assert.ok(first?.Certificate);
      const answer = await revoke(bench, first.Thumbprint);
      assert.equal(certificateSchema.parse(answer.body).Status, 'Revoked');
      const list = await listOf(bench);
      assert.deepEqual(
        list.map(({ Status, IsActive, IsRevoked }) => [Status, IsActive, IsRevoked]),
        [
          ['Revoked', false, true],
          ['Active', true, false],
        ],
      );
      const certificate = parseCertificate(Buffer.from(first.Certificate, 'base64'));
      const policyList = (await bench.sphere.revocationLists()).find(({ issuerDer }) =>
        isSignedBy(certificate, parseCertificate(issuerDer)),
      );
      const entry = parseCrl(policyList?.der ?? Buffer.alloc(0)).entries.get(
        entryKey(certificate.issuerKey, certificate.serialHex),
      );
      assert.equal(entry?.reason, 'CA compromise');
      const board = await bench.claimedBoard();
      const leaf = parseCertificate(Buffer.from((await bench.attest(board)).body.certificate, 'base64'));
      assert.ok(isSignedBy(leaf, parseCertificate(Buffer.from(list[1]?.Certificate ?? '', 'base64'))));
      const proof = await ask(bench, cloudPaths.verification(bench.tenantId, 'CODE', first.Thumbprint));
      assert.equal(proof.status, 404, 'nobody proves to hold a CA that is revoked');
      assert.equal((await revoke(bench, first.Thumbprint)).status, 200, 'doing it again changes nothing');
      assert.equal((await listOf(bench)).length, 2);
    });

    test('a successor that waits takes the place of a revoked CA; one that was revoked itself is followed by another', async (t) => {
      const bench = await openSphereBench(kind, t);
      await passTo(bench, 80);
      const pending = await pendingOf(bench);
      await revoke(bench, pending.Thumbprint);
      assert.deepEqual(await statusesOf(bench), ['Active', 'Revoked']);
      await bench.sphere.upkeep();
      assert.deepEqual(await statusesOf(bench), ['Active', 'Revoked', 'Inactive']);
      const [active] = await listOf(bench);
      const last = await pendingOf(bench);
      await revoke(bench, active?.Thumbprint ?? '');
      assert.deepEqual(await statusesOf(bench), ['Revoked', 'Revoked', 'Active']);
      assert.equal((await listOf(bench))[2]?.Thumbprint, last.Thumbprint);
    });

    test('with a clock that cannot be right no CA is made and none is activated', async (t) => {
      const bench = await openSphereBench(kind, t);
      await bench.attest(await bench.claimedBoard());
      bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), 641 * dayMs));
      await bench.attest(await claimedNow(bench));
      bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), -3 * minuteMs));
      await bench.sphere.upkeep();
      assert.deepEqual(await statusesOf(bench), ['Active']);
      bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), hourMs));
      await bench.sphere.upkeep();
      assert.deepEqual(await statusesOf(bench), ['Active', 'Inactive']);
    });

    test('a CA that nobody has, and one of another tenant, are not found', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const [own] = await listOf(bench);
      const path = cloudPaths.revokeCertificate(other.tenantId, own?.Thumbprint ?? '');
      assert.equal((await ask(bench, path, 'POST')).status, 404);
      assert.equal((await activate(bench, 'AB'.repeat(20))).status, 404);
      assert.equal((await ask(bench, `${cloudPaths.certificates(bench.tenantId)}/revoke`, 'POST')).status, 400);
      assert.deepEqual(await statusesOf(bench), ['Active']);
    });
  });
}

/** A board claimed at whatever time it is. */
async function claimedNow(bench: SphereBench) {
  const board = bench.newBoard();
  const { body } = await ask<{ ClaimCode: string }>(bench, cloudPaths.claimCodes(bench.tenantId), 'POST');
  const answer = await bench.claim(board, { claimCode: body.ClaimCode });
  assert.equal(answer.status, 200, answer.text);
  return board;
}
