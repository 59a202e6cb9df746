import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { type CentralClient, openCentralClient, trustTenant } from './central-client.ts';
import { makeCa, makeLeaf, makeOriginalProof } from './certificates.ts';
import { eventually } from './eventually.ts';
import { SimulateProcess } from './simulate-process.ts';
import { type RunningHomeport, startHomeport } from './start-homeport.ts';
import { openWire } from './wire-device.ts';

const longName = 'A name as long as people give them when a naming rule says site, hall, line, machine and sensor 0123456789';

/**
 * A server with something to see on every page: two connected boards, devices in the other states,
 * groups with certificates in each state, commands that ran and proofs that were refused.
 */
export async function startFurnishedHome() {
  const home = await startHomeport(['--demo']);
  const board = new SimulateProcess(home, ['--app', 'd1', '--fast', '10']);
  const close = async () => {
    await board.end('SIGKILL');
    await home.close();
  };
  try {
    const central = await openCentralClient(home);
    const { thermometerId } = await furnish(home, central, board);
    const refusalId = await refuseSomebody(home, central);
    const { value } = (await central.ok('GET', '/api/devices')) as { value: { id: string }[] };
    const demoId = value.find(({ id }) => /^[0-9a-f]{128}$/.test(id) && id !== thermometerId)?.id ?? '';
    return { home, demoId, thermometerId, refusalId, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function furnish(home: RunningHomeport, central: CentralClient, board: SimulateProcess) {
  const openGroup = (groupId: string, displayName: string) =>
    central.ok('PUT', `/api/enrollmentGroups/${groupId}`, { displayName, type: 'iot', attestation: { type: 'x509' } });
  await trustTenant(home, central);
  await openGroup('harbour', longName);
  const now = systemClock.now();
  const own = makeCa({ name: 'Harbour CA', notBefore: plus(now, -hourMs), notAfter: plus(now, 365 * dayMs) });
  await central.ok('PUT', '/api/enrollmentGroups/harbour/certificates/primary', { certificate: own.pem });
  await central.ok('POST', '/api/enrollmentGroups/harbour/certificates/primary/generateVerificationCode');
  await central.ok('PUT', '/api/ui/hub/routing/destinations/archive', { type: 'files' });
  await central.ok('PUT', '/api/ui/hub/routing/routes/alarms', {
    source: 'DeviceMessages',
    condition: "level = 'high' AND $body.temperature > 30",
    endpointNames: ['events', 'archive'],
  });
  await central.ok('PUT', '/api/ui/hub/routing/enrichments/hall', { value: '$twin.tags.hall', endpointNames: ['archive'] });
  await central.ok('PUT', '/api/ui/hubs/main/rest/jobs/v2/halls', {
    type: 'scheduleUpdateTwin',
    queryCondition: '*',
    updateTwin: { tags: { hall: 2 } },
  });
  await central.ok('PUT', '/api/ui/hubs/main/rest/configurations/interval', {
    content: { deviceContent: { 'properties.desired.interval': 60 } },
    targetCondition: 'tags.hall = 3',
  });
  await central.ok('PUT', '/api/ui/hubs/main/certificates/factory', {
    certificate: makeCa({ name: 'Factory CA', notBefore: plus(now, -hourMs), notAfter: plus(now, 90 * dayMs) }).pem,
  });
  const proof = makeOriginalProof(own, '00'.repeat(24), { notBefore: plus(now, -hourMs), notAfter: plus(now, hourMs) });
  await central.call('POST', '/api/enrollmentGroups/harbour/certificates/primary/verify', { certificate: proof.pem });
  await openGroup('empty', 'Empty');
  await central.ok('PUT', '/api/devices/registered-1', { displayName: longName });
  await central.ok('PUT', '/api/devices/blocked-1', { displayName: 'Blocked', enabled: false });
  await home.ok('homeport', ['hub', 'create', 'plant-2']);
  await home.ok('homeport', ['hub', 'device', 'create', '-d', 'keyed', '--auth-method', 'shared_private_key']);
  const thermometerId = await board.deviceId();
  await home.ok('azsphere', ['device', 'claim', '--yes']);
  const one = `/api/devices/${thermometerId}`;
  await eventually(async () => ((await central.call('GET', `${one}/properties`)).body.serialNumber ? true : undefined));
  await central.ok('PATCH', `${one}/properties`, { thermometerTelemetryUploadEnabled: true });
  await central.ok('POST', `${one}/commands/displayAlert`, { request: 'Too hot' });
  await board.says(/"temperature":/);
  return { thermometerId };
}

/** A refusal with a chain that ends early, a leaf that has ended, and something near: its id. */
async function refuseSomebody(home: RunningHomeport, central: CentralClient): Promise<string> {
  const deviceId = 'Pump-1';
  await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'x509_ca']);
  await central.ok('PATCH', `/api/ui/hubs/main/devices/${deviceId}`, { enabled: false });
  const now = systemClock.now();
  const issuer = makeCa({ name: 'Pump Line 7, Hall 2', notBefore: plus(now, -2 * dayMs), notAfter: plus(now, dayMs) });
  const leaf = makeLeaf({ name: deviceId, issuer, notBefore: plus(now, -dayMs), notAfter: plus(now, -hourMs) });
  const device = await openWire({
    host: home.address,
    port: home.status.hub.mqttPort,
    ca: home.ca,
    identity: { cert: leaf.pem, key: exportPrivateKeyPem(leaf.privateKey) },
  });
  await device.connect({
    clientId: deviceId,
    userName: `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12`,
    keepAliveSeconds: 60,
    cleanSession: true,
  });
  await device.closed();
  return eventually(async () => {
    const [refusal] = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', deviceId]));
    return refusal?.id;
  });
}

export type FurnishedHome = Awaited<ReturnType<typeof startFurnishedHome>>;
