/**
 * Goal: what `homeport rehearse` says of a fleet is what becomes of it.
 * Method: a server and a mixed fleet in one process, over real sockets, on one clock that is moved. The rehearsal is
 * asked first; then the days are lived through, one after the other, each until every device is in or out again. The
 * devices that the hub refused must be those that were named, on the day that was named, for the reason that was
 * named; all others must be connected at the end.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayMs, formatInstant, hourMs, type Instant, instant, minuteMs, plus, secondMs } from '#base/instant.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { registerDevice } from '#devices/register-device.ts';
import { runSphereSimulator, type Simulator } from '#devices/run-sphere-simulator.ts';
import { exportPrivateKeyPem, generateEcKey } from '#pki/key.ts';
import { cloudPaths } from '#sphere/contract/cloud.ts';
import { openCentralClient, trustTenant } from '#test/support/central-client.ts';
import { makeCa, makeLeaf, makeOriginalProof, makeSelfSigned, type TestCertificate } from '#test/support/certificates.ts';
import { type DevelopmentHome, startDevelopmentHome } from '#test/support/development-home.ts';
import { eventually } from '#test/support/eventually.ts';
import { openStubbornDevice, type StubbornDevice } from '#test/support/stubborn-device.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
type Scale = { days: number; tenth: number };
const full: Scale = { days: 30, tenth: 20 };
const scale: Scale = isFullSize ? full : { days: 8, tenth: 2 };
const describeScale = ({ days, tenth }: Scale) => `${tenth * 10} devices, ${days} days`;

/** How many of each kind there are, of ten. */
const mixture = { board: 3, thumbprint: 2, rolled: 1, lone: 1, line: 0.5, enrolled: 1, renewing: 1, fixed: 0.5 };
type Kind = keyof typeof mixture;
const settleMsMax = 60_000;

type Drop = { deviceId: string; day: number; reason: string };

test('thirty days: the devices that drop are those that the rehearsal named, on that day, for that reason', async (t) => {
  t.diagnostic(`scale: ${describeScale(scale)}`);
  if (!isFullSize) t.diagnostic(`npm run prove -- thirty-days: ${describeScale(full)}`);
  const home = await startDevelopmentHome();
  t.after(() => home.close());
  const fleet = await startFleet(t, home);
  const { midnight } = fleet;
  const until = plus(midnight, scale.days * dayMs);

  const rehearsal = await home.administer('GET', `/rehearsal?until=${encodeURIComponent(formatInstant(until))}`);
  const named = (rehearsal.drops as { deviceId: string; at: string; reason: string }[])
    .map(({ deviceId, at, reason }) => ({ deviceId, day: dayOf(midnight, Date.parse(at)), reason }))
    .sort(byDevice);
  assert.deepEqual(rehearsal.unsure, []);
  assert.deepEqual(
    named.map(({ deviceId, day }) => ({ deviceId, day })),
    fleet.meant.sort(byDevice),
    'the rehearsal names those that were made to end',
  );

  // Beyond these days: a board renews every day, until the CA of its tenant ends.
  const far = await home.administer(
    'GET',
    `/rehearsal?until=${encodeURIComponent(formatInstant(plus(midnight, 1_000 * dayMs)))}`,
  );
  const boardsLater = (far.drops as { deviceId: string; at: string; reason: string }[]).filter(({ deviceId }) =>
    fleet.boardIds.has(deviceId),
  );
  assert.equal(boardsLater.length, fleet.boardIds.size);
  const tenantEnds = (far.ends as { kind: string; at: string }[]).filter(({ kind }) => kind === 'sphere-ca').map(({ at }) => at);
  for (const { reason, at } of boardsLater) assert.ok(reason === 'issuer-expired' && tenantEnds.includes(at), `${reason} ${at}`);

  const before = performance.now();
  for (let day = 1; day <= scale.days; day++) {
    await home.server.clock.set(plus(midnight, day * dayMs));
    await fleet.settle();
  }
  const seconds = ((performance.now() - before) / 1000).toFixed(0);

  const dropped: Drop[] = [];
  for (const [deviceId, at] of fleet.refusedAt) {
    const { value } = await home.administer('GET', `/refusals?service=hub&limit=1&subject=${deviceId}`);
    const [refusal] = value as { reason: string }[];
    dropped.push({ deviceId, day: dayOf(midnight, at), reason: String(refusal?.reason) });
  }
  assert.deepEqual(dropped.sort(byDevice), named);
  await fleet.checkTheOthers();
  const reasons = Map.groupBy(dropped, ({ reason }) => reason);
  t.diagnostic(
    `${scale.days} days in ${seconds} s: ${dropped.length} of ${fleet.size} devices dropped as named (${[...reasons].map(([reason, of]) => `${of.length} ${reason}`).join(', ')})`,
  );
});

async function startFleet(t: { after(fn: () => void | Promise<void>): void }, home: DevelopmentHome) {
  const { clock } = home.server.platform;
  const refusedAt = new Map<string, Instant>();
  const devices: StubbornDevice[] = [];
  const meant: { deviceId: string; day: number }[] = [];
  const central = await openCentralClient(home);
  await trustTenant(home, central);
  const boards = await startBoards(t, home);
  // Everything that follows counts its days from here.
  const midnight = instant(Math.ceil((clock.now() + hourMs) / dayMs) * dayMs);
  const noon = (share: number) => plus(midnight, Math.floor(share * scale.days) * dayMs + 12 * hourMs);
  const spread = (index: number, count: number) => noon((index + 0.5) / count);
  const late = plus(midnight, 400 * dayMs);
  const notBefore = plus(clock.now(), -hourMs);

  const open = (deviceId: string, way: { certificates?: readonly TestCertificate[]; password?: () => string }) => {
    const [leaf] = way.certificates ?? [];
    const device = openStubbornDevice(home, {
      deviceId,
      ...(leaf && { identity: identityOf(leaf, way.certificates?.slice(1)) }),
      ...(way.password && { password: way.password }),
      onRefused: () => refusedAt.set(deviceId, clock.now()),
    });
    devices.push(device);
    t.after(() => device.stop());
  };
  const drops = (deviceId: string, at: Instant) => {
    if (at < plus(midnight, scale.days * dayMs)) meant.push({ deviceId, day: dayOf(midnight, at) });
  };

  for (const [deviceId, index, count] of namesOf('thumbprint')) {
    // The last third of them outlives the proof.
    const notAfter = index < (count * 2) / 3 ? spread(index, count) : late;
    const leaf = makeSelfSigned(deviceId, { notBefore, notAfter });
    await createDevice(home, deviceId, { type: 'selfSigned', primaryThumbprint: leaf.certificate.sha256Thumbprint });
    open(deviceId, { certificates: [leaf] });
    drops(deviceId, notAfter);
  }

  const rolledCa = makeCa({ name: 'Rolled CA', notBefore, notAfter: noon(0.4), key: generateEcKey('P-256') });
  const successor = makeCa({ name: 'Rolled CA', notBefore, notAfter: late, key: rolledCa });
  const loneCa = makeCa({ name: 'Lone CA', notBefore, notAfter: noon(0.6) });
  const rootCa = makeCa({ name: 'Line root', notBefore, notAfter: late });
  const lineCa = makeCa({ name: 'Line 1', issuer: rootCa, notBefore, notAfter: noon(0.5) });
  for (const [name, ca] of Object.entries({ rolled: rolledCa, successor, lone: loneCa, root: rootCa }))
    await verifyCa(home, name, ca);
  const under = async (kind: Kind, issuer: TestCertificate, rest: readonly TestCertificate[], end?: Instant) => {
    for (const [deviceId] of namesOf(kind)) {
      await createDevice(home, deviceId, { type: 'certificateAuthority' });
      open(deviceId, { certificates: [makeLeaf({ name: deviceId, issuer, notBefore, notAfter: late }), ...rest] });
      if (end !== undefined) drops(deviceId, end);
    }
  };
  await under('rolled', rolledCa, []);
  await under('lone', loneCa, [], loneCa.certificate.notAfter);
  await under('line', lineCa, [lineCa], lineCa.certificate.notAfter);

  const enrolledCa = makeCa({ name: 'Enrolled CA', notBefore, notAfter: noon(0.4), key: generateEcKey('P-256') });
  const enrolledSuccessor = makeCa({ name: 'Enrolled CA', notBefore, notAfter: late, key: enrolledCa });
  const group = '/api/enrollmentGroups/rollover';
  await central.ok('PUT', group, { displayName: 'Rollover', type: 'iot', attestation: { type: 'x509' } });
  await central.ok('PUT', `${group}/certificates/primary`, { certificate: enrolledCa.pem, verified: true });
  await central.ok('PUT', `${group}/certificates/secondary`, { certificate: enrolledSuccessor.pem, verified: true });
  const registering = new Map<string, () => Promise<unknown>>();
  for (const [deviceId, index] of namesOf('enrolled')) {
    const notAfter = index % 2 === 0 ? late : noon(0.7);
    const leaf = makeLeaf({ name: deviceId, issuer: enrolledCa, notBefore, notAfter });
    const register = () =>
      registerDevice({ ...dpsOf(home), clock, registrationId: deviceId, identity: identityOf(leaf), modelId: undefined });
    await register();
    registering.set(deviceId, register);
    open(deviceId, { certificates: [leaf] });
    drops(deviceId, notAfter);
  }

  const tokenOf = (deviceId: string, key: Buffer, end: Instant) =>
    formatSasToken({
      resource: `${home.status.hub.hostName}/devices/${deviceId}`,
      key,
      expirySeconds: Math.floor(end / secondMs),
    });
  for (const [deviceId, index, count] of namesOf('fixed')) {
    const key = generateKey(index);
    await createDevice(home, deviceId, {
      type: 'sas',
      primaryKey: key.toString('base64'),
      secondaryKey: generateKey(99).toString('base64'),
    });
    const end = noon(0.35 + (0.6 * index) / count);
    open(deviceId, { password: () => tokenOf(deviceId, key, end) });
    drops(deviceId, end);
  }
  const renewing: StubbornDevice[] = [];
  for (const [deviceId, index] of namesOf('renewing')) {
    const key = generateKey(index);
    await createDevice(home, deviceId, {
      type: 'sas',
      primaryKey: key.toString('base64'),
      secondaryKey: generateKey(99).toString('base64'),
    });
    open(deviceId, { password: () => tokenOf(deviceId, key, plus(clock.now(), 20 * hourMs)) });
    renewing.push(devices.at(-1) as StubbornDevice);
  }

  const settle = () =>
    eventually(async () => {
      const isSettled = devices.every(({ state }) => state !== 'connecting') && boards.every((board) => board.isConnected);
      // Boards wait on their own clocks before they try again.
      if (!isSettled) await home.server.clock.advance(20 * secondMs);
      return isSettled ? true : undefined;
    }, settleMsMax).catch(() =>
      assert.fail(
        `not settled: ${[...devices.filter(({ state }) => state === 'connecting').map(({ deviceId }) => deviceId), ...boards.filter((board) => !board.isConnected).map(({ last }) => last())]}`,
      ),
    );
  await settle();
  // Those that make their own tokens have been seen to do so.
  await home.server.clock.advance(minuteMs);
  for (const device of renewing) await device.comeBack();
  await settle();
  assert.equal(refusedAt.size, 0, [...refusedAt.keys()].join());

  return {
    midnight,
    meant,
    refusedAt,
    settle,
    size: devices.length + boards.length,
    boardIds: new Set(boards.map(({ deviceId }) => deviceId)),
    async checkTheOthers() {
      for (const { deviceId, state } of devices) assert.equal(state, refusedAt.has(deviceId) ? 'refused' : 'connected', deviceId);
      for (const board of boards)
        assert.ok(board.isConnected && board.certificates > scale.days, `${board.certificates} daily certificates`);
      // The CA that signed them has ended; the one behind it stands in.
      for (const [deviceId, register] of registering) if (!refusedAt.has(deviceId)) await register();
    },
  };
}

/** Sphere boards, claimed and attested; they look after their daily certificates themselves. */
async function startBoards(t: { after(fn: () => void | Promise<void>): void }, home: DevelopmentHome) {
  const { sphere } = home.status;
  const { token } = await home.administer('POST', '/sphere/tokens');
  const claimCode = async () => {
    const { body } = await requestHttp(
      { url: sphere.url, ca: home.ca },
      { method: 'POST', path: cloudPaths.claimCodes(sphere.tenantId), headers: { authorization: `Bearer ${token}` } },
    );
    return String(JSON.parse(body.toString()).ClaimCode);
  };
  const boards: { deviceId: string; isConnected: boolean; certificates: number; last(): string }[] = [];
  for (const [name] of namesOf('board')) {
    let last = '';
    const board = { deviceId: '', isConnected: false, certificates: 0, last: () => last };
    const simulator: Simulator = await runSphereSimulator({
      platform: home.server.platform,
      application: 'd1',
      keyStoreDirectory: join(home.folder, name),
      socketDirectory: home.folder,
      sphereUrl: sphere.url,
      connection: { type: 'dps', ...dpsOf(home) },
      hubPort: home.status.hub.mqttPort,
      ca: home.ca,
      seed: name,
      onEvent(event) {
        if (event.type === 'connected') board.isConnected = true;
        if (event.type === 'disconnected') board.isConnected = false;
        if (event.type === 'certificate') board.certificates++;
        if (event.type === 'log' && event.level !== 'INFO') last = `${name}: ${event.line}`;
      },
    });
    t.after(() => simulator.stop());
    await simulator.claim({ serviceUrl: sphere.url, tenantId: sphere.tenantId, claimCode: await claimCode() });
    board.deviceId = simulator.deviceId;
    boards.push(board);
    // So that they do not all renew at once, nor all ask from one address in one minute.
    await home.server.clock.advance(5 * minuteMs);
  }
  return boards;
}

function namesOf(kind: Kind): [deviceId: string, index: number, count: number][] {
  const count = mixture[kind] * scale.tenth;
  return Array.from({ length: count }, (_, index) => [`${kind}-${index + 1}`, index, count]);
}

function dpsOf({ address, ca, status }: DevelopmentHome) {
  return { host: address, port: status.dps.mqttPort, idScope: status.dps.idScope, network: { ca } };
}

async function createDevice(home: DevelopmentHome, deviceId: string, authentication: object): Promise<void> {
  await home.administer('PUT', `/hub/devices/${deviceId}`, { authentication });
}

async function verifyCa(home: DevelopmentHome, name: string, ca: TestCertificate): Promise<void> {
  const path = `/hub/certificates/${name}`;
  await home.administer('PUT', path, { file: ca.der.toString('base64') });
  const { verificationCode } = await home.administer('POST', `${path}/generateVerificationCode`);
  const now = home.server.platform.clock.now();
  const proof = makeOriginalProof(ca, String(verificationCode), { notBefore: plus(now, -hourMs), notAfter: plus(now, hourMs) });
  await home.administer('POST', `${path}/verify`, { file: proof.der.toString('base64') });
}

function identityOf(leaf: TestCertificate, chain: readonly TestCertificate[] = []) {
  return {
    certificatePem: [leaf, ...chain].map(({ pem }) => pem).join(''),
    privateKeyPem: exportPrivateKeyPem(leaf.privateKey),
  };
}

function generateKey(index: number): Buffer {
  return Buffer.alloc(32, index + 1);
}

function dayOf(midnight: Instant, at: number): number {
  return Math.floor((at - midnight) / dayMs);
}

function byDevice(a: { deviceId: string }, b: { deviceId: string }): number {
  return a.deviceId < b.deviceId ? -1 : 1;
}
