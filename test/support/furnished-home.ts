import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { type CentralClient, openCentralClient, trustTenant } from './central-client.ts';
import { makeCa, makeOriginalProof } from './certificates.ts';
import { eventually } from './eventually.ts';
import { SimulateProcess } from './simulate-process.ts';
import { type RunningHomeport, startHomeport } from './start-homeport.ts';

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
    const { value } = (await central.ok('GET', '/api/devices')) as { value: { id: string }[] };
    const demoId = value.find(({ id }) => /^[0-9a-f]{128}$/.test(id) && id !== thermometerId)?.id ?? '';
    return { home, demoId, thermometerId, close };
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

export type FurnishedHome = Awaited<ReturnType<typeof startFurnishedHome>>;
