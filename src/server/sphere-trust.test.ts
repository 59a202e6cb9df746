import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { carryRevocationLists, findLacking } from '#server/sphere-trust.ts';
import { cloudPaths } from '#sphere/contract/cloud.ts';
import type { Authority } from '#sphere/tenants/authority.ts';
import type { TestCertificate } from '#test/support/certificates.ts';
import { testDatabases } from '#test/support/databases.ts';
import { until } from '#test/support/hub-bench.ts';
import { openProvisioningBench } from '#test/support/provisioning-bench.ts';
import { openSphereBench } from '#test/support/sphere-bench.ts';
import type { TestBoard } from '#test/support/sphere-board.ts';

type Cleanup = { after(run: () => Promise<void>): void };
const groupId = 'azure-sphere';

/** The security service, DPS and a hub as the composition root puts them together, on one clock that the test moves. */
async function openServices(t: Cleanup) {
  const trusting = await openProvisioningBench();
  const [sqlite] = testDatabases();
  assert.ok(sqlite);
  const { hub, authorities } = trusting;
  const relying = {
    hubs: { list: () => [hub] },
    get provisioning() {
      return trusting.provisioning;
    },
  };
  const bench = await openSphereBench(sqlite, t, { beside: trusting, findLacking: (change) => findLacking(relying, change) });
  t.after(() => trusting.close());
  await carryRevocationLists(bench.platform, bench.sphere, trusting.revocationLists);

  const casOf = () => bench.sphere.authorities.list(bench.tenantId);
  /** Tokens last twelve hours, and here it is always later. */
  async function ask(path: string, method = 'GET') {
    const { token } = await bench.sphere.mintAdministratorToken();
    return bench.send<string>(method, path, undefined, { authorization: `Bearer ${token}` });
  }

  async function verifyAt(owner: typeof authorities, certificateId: string, { certificate }: Authority): Promise<void> {
    await owner.upload({ certificateId, file: certificate.der, by: 'test' });
    const { verificationCode = '' } = await owner.generateVerificationCode(certificateId);
    const proof = await ask(cloudPaths.verification(bench.tenantId, verificationCode, certificate.sha1Thumbprint));
    await owner.verify(certificateId, Buffer.from(JSON.parse(proof.text), 'base64'), 'test');
  }

  const putGroup = async (ids: { primaryCertificateId: string; secondaryCertificateId?: string }) => {
    const group = {
      groupId,
      displayName: 'Azure Sphere',
      type: 'iot' as const,
      isEnabled: true,
      attestation: { type: 'x509' as const, ...ids },
    };
    const { groups } = trusting.provisioning;
    await ((await groups.load(groupId)) ? groups.replace(group) : groups.create(group));
  };

  async function claimedBoard(): Promise<TestBoard> {
    const board = bench.newBoard();
    const code = JSON.parse((await ask(cloudPaths.claimCodes(bench.tenantId), 'POST')).text).ClaimCode;
    assert.equal((await bench.claim(board, { claimCode: code })).status, 200);
    return board;
  }

  async function attest(board: TestBoard): Promise<TestCertificate> {
    const answer = await bench.attest(board);
    assert.equal(answer.status, 200, answer.text);
    return { der: Buffer.from(answer.body.certificate, 'base64') } as TestCertificate;
  }

  const connect = (board: TestBoard, leaf: TestCertificate) =>
    trusting.dialHub({ deviceId: board.deviceId, certificates: [leaf] });

  /** Registers with `leaf` and connects with it: what a device does after each renewal. */
  async function comesIn(board: TestBoard, leaf: TestCertificate) {
    const device = await trusting.connect({ registrationId: board.deviceId, certificates: [leaf] });
    await device.subscribe();
    const { body } = await device.register();
    await until('it is assigned', async () => (await device.poll(body.operationId)).body.status === 'assigned');
    const session = await connect(board, leaf);
    assert.equal(session.answer.code, 0);
    return session;
  }

  /** To so many days before the end of the active CA. */
  async function passTo(days: number): Promise<void> {
    const active = (await casOf()).find(({ state }) => state === 'active');
    bench.platform.clock.setWallClock(plus(active?.certificate.notAfter ?? bench.platform.clock.now(), -days * dayMs));
    await bench.sphere.upkeep();
  }

  return {
    trusting,
    bench,
    hub,
    authorities,
    relying,
    casOf,
    ask,
    verifyAt,
    putGroup,
    claimedBoard,
    attest,
    connect,
    comesIn,
    passTo,
  };
}

async function twoCas(services: Awaited<ReturnType<typeof openServices>>): Promise<[Authority, Authority]> {
  const [old, next] = await services.casOf();
  assert.ok(old && next);
  return [old, next];
}

describe('trust between the services', () => {
  test('sphere 84: with both CAs verified in hub and DPS, activation causes no refused connection', async (t) => {
    const services = await openServices(t);
    const { bench, hub, authorities, trusting, verifyAt, putGroup, claimedBoard, attest, connect, comesIn, passTo } = services;
    const [first] = await services.casOf();
    assert.ok(first);
    await verifyAt(authorities, 'first', first);
    await verifyAt(hub.authorities, 'first', first);
    await putGroup({ primaryCertificateId: 'first' });
    const [byDps, direct] = [await claimedBoard(), await claimedBoard()];
    await hub.registry.create({ deviceId: direct.deviceId, authentication: { type: 'certificateAuthority' } });
    await passTo(90);
    const [, next] = await twoCas(services);
    await verifyAt(authorities, 'next', next);
    await verifyAt(hub.authorities, 'next', next);
    await putGroup({ primaryCertificateId: 'first', secondaryCertificateId: 'next' });

    const before = [await attest(byDps), await attest(direct)] as const;
    const sessions = [await comesIn(byDps, before[0]), await connect(direct, before[1])];
    const path = cloudPaths.activateCertificate(bench.tenantId, next.certificate.sha1Thumbprint);
    assert.equal((await services.ask(path, 'POST')).status, 200);
    assert.deepEqual(
      sessions.map(({ closed }) => closed),
      [undefined, undefined],
      'nobody is thrown out',
    );
    // What the old CA signed is good until it ends, for those who come back as for those who stayed.
    assert.equal((await connect(byDps, before[0])).answer.code, 0);
    assert.equal((await connect(direct, before[1])).answer.code, 0);
    bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), 16 * hourMs));
    const after = [await attest(byDps), await attest(direct)] as const;
    assert.ok(!after[0].der.equals(before[0].der));
    await comesIn(byDps, after[0]);
    assert.equal((await connect(direct, after[1])).answer.code, 0);
    assert.deepEqual(await trusting.refusals.list(), []);
  });

  test('sphere 85: hub, provisioning service and enrollment group each hold the activation up until they have the new CA', async (t) => {
    const services = await openServices(t);
    const { bench, hub, authorities, verifyAt, putGroup, passTo, relying } = services;
    const [first] = await services.casOf();
    assert.ok(first);
    await passTo(90);
    const [old, next] = await twoCas(services);
    const change = { current: old.certificate.der, next: next.certificate.der };
    const lacking = () => findLacking(relying, change);
    assert.deepEqual(await lacking(), [], 'who does not trust the old one needs no new one');
    await verifyAt(authorities, 'first', old);
    await verifyAt(hub.authorities, 'first', old);
    await putGroup({ primaryCertificateId: 'first' });
    assert.deepEqual(await lacking(), ['hub home', 'the provisioning service', 'enrollment group Azure Sphere']);
    await hub.authorities.upload({ certificateId: 'next', file: next.certificate.der, by: 'test' });
    assert.equal((await lacking()).length, 3, 'uploaded is not verified');
    await hub.authorities.delete('next');
    await verifyAt(hub.authorities, 'next', next);
    await verifyAt(authorities, 'next', next);
    assert.deepEqual(await lacking(), ['enrollment group Azure Sphere']);
    const path = cloudPaths.activateCertificate(bench.tenantId, next.certificate.sha1Thumbprint);
    const refused = await services.ask(path, 'POST');
    assert.deepEqual([refused.status, refused.body.reason], [409, 'ca-not-verified-everywhere']);
    await putGroup({ primaryCertificateId: 'first', secondaryCertificateId: 'next' });
    assert.deepEqual(await lacking(), []);
    assert.equal((await services.ask(path, 'POST')).status, 200);
  });

  test('sphere 74: with the clock set back nothing is issued, and what has ended stays ended at hub and DPS', async (t) => {
    const services = await openServices(t);
    const { bench, hub, authorities, trusting, verifyAt, putGroup, claimedBoard, attest, connect, comesIn } = services;
    const [first] = await services.casOf();
    assert.ok(first);
    await verifyAt(authorities, 'first', first);
    await verifyAt(hub.authorities, 'first', first);
    await putGroup({ primaryCertificateId: 'first' });
    const [byDps, direct, other] = [await claimedBoard(), await claimedBoard(), await claimedBoard()];
    await hub.registry.create({ deviceId: direct.deviceId, authentication: { type: 'certificateAuthority' } });
    const leaves = [await attest(byDps), await attest(direct)] as const;
    await comesIn(byDps, leaves[0]);
    const { clock } = bench.platform;
    clock.setWallClock(plus(clock.now(), 24.5 * hourMs));
    await attest(other);
    clock.setWallClock(plus(clock.now(), -hourMs));
    const refused = await bench.attest(other);
    assert.deepEqual([refused.status, refused.body.code], [503, 'clock-guard']);
    const before = (await trusting.refusals.list()).filter(({ reason }) => reason === 'certificate-expired').length;
    assert.equal((await connect(byDps, leaves[0])).answer.code, 5);
    assert.equal((await connect(direct, leaves[1])).answer.code, 5);
    const device = await trusting.connect({ registrationId: byDps.deviceId, certificates: [leaves[0]] });
    await device.subscribe();
    assert.equal((await device.register()).status, 401);
    const after = (await trusting.refusals.list()).filter(({ reason }) => reason === 'certificate-expired').length;
    assert.equal(after - before, 3);
  });

  test('what a hub trusts because a device brought it does not hold an activation up', async (t) => {
    const services = await openServices(t);
    const { hub, relying, passTo } = services;
    await passTo(90);
    const [old, next] = await twoCas(services);
    await hub.authorities.upload({ certificateId: 'dps', file: old.certificate.der, verifiedOnUpload: true, by: 'provisioning' });
    assert.deepEqual(await findLacking(relying, { current: old.certificate.der, next: next.certificate.der }), []);
  });

  test('sphere 54, 77, 86: a list ends the sessions of those it names, and lets them in again when it does not', async (t) => {
    const services = await openServices(t);
    const { bench, authorities, verifyAt, putGroup, claimedBoard, attest, connect, comesIn } = services;
    const [first] = await services.casOf();
    assert.ok(first);
    await verifyAt(authorities, 'first', first);
    await putGroup({ primaryCertificateId: 'first' });
    const [board, other] = [await claimedBoard(), await claimedBoard()];
    const [leaf, others] = [await attest(board), await attest(other)];
    const [session, beside] = [await comesIn(board, leaf), await comesIn(other, others)];
    const change = { tenantId: bench.tenantId, deviceId: board.deviceId, actor: 'test' };
    await bench.sphere.changeDeviceStatus({ ...change, deed: 'suspend' });
    await until('the session is over', () => session.closed !== undefined);
    assert.equal((await connect(board, leaf)).answer.code, 5);
    assert.equal((await services.trusting.refusal())?.reason, 'certificate-revoked');
    assert.equal(beside.closed, undefined);
    await bench.sphere.changeDeviceStatus({ ...change, deed: 'resume' });
    await until('it may come in again', async () => (await connect(board, leaf)).answer.code === 0);
    await bench.sphere.changeDeviceStatus({ ...change, deed: 'revoke' });
    await until('it may not any more', async () => (await connect(board, leaf)).answer.code === 5);
    assert.equal(beside.closed, undefined);
    await bench.sphere.rotation.revoke(bench.tenantId, 'active', 'test');
    await until('the CA’s sessions are over', () => beside.closed !== undefined);
    assert.equal((await connect(other, others)).answer.code, 5);
  });
});
