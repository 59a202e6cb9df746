import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { defaultHubLimits } from '#hub/hub-limits.ts';
import { makeLeaf, type TestCertificate } from '#test/support/certificates.ts';
import { hubHost } from '#test/support/hub-bench.ts';
import { thumbprintA } from '#test/support/hub-rooms.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import type { AllocationSettings, ReprovisionPolicy } from '../allocation/allocation-settings.ts';
import { substatusOf } from './decide-move.ts';
import type { Assignment } from './registration.ts';

const migrate: ReprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: true };
const reset: ReprovisionPolicy = { updateHubAssignment: true, migrateDeviceData: false };
const never: ReprovisionPolicy = { updateHubAssignment: false, migrateDeviceData: false };

describe('registering again', () => {
  let bench: ProvisioningBench;
  let leaf: TestCertificate;
  beforeEach(async () => {
    bench = await openProvisioningBench();
    leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
  });
  afterEach(() => bench.close());

  async function lead(reprovisionPolicy: ReprovisionPolicy, iotHubs: readonly string[], more: Partial<AllocationSettings> = {}) {
    const group = await bench.provisioning.groups.require('line-1');
    await bench.provisioning.groups.replace({ ...group, allocation: { reprovisionPolicy, iotHubs, ...more } });
  }

  async function register() {
    const device = await bench.connect({ certificates: [leaf] });
    await device.subscribe();
    const { body } = await device.register();
    const answer = await device.poll(body.operationId);
    device.client.disconnect();
    return answer.body.registrationState as Record<string, unknown>;
  }

  test('dps 44: with migration the twin moves along, and the old identity is gone', async () => {
    const other = await bench.addHub('b.example');
    await lead(migrate, [hubHost]);
    assert.equal((await register()).substatus, 'initialAssignment');
    await bench.hub.twins.patchTags('dev1', { place: 'hall 1' });
    await bench.hub.twins.patchDesired('dev1', { period: 5 });
    await lead(migrate, ['b.example']);
    const moved = await register();
    assert.equal(moved.substatus, 'deviceDataMigrated');
    assert.equal(moved.assignedHub, 'b.example');
    const twin = await other.twins.load('dev1');
    assert.deepEqual(twin.tags, { place: 'hall 1' });
    assert.deepEqual(twin.desired, { period: 5 });
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
    // Without a further change it is called what it was.
    assert.equal((await register()).substatus, 'deviceDataMigrated');
    await lead(migrate, [hubHost]);
    const back = await register();
    assert.equal(back.substatus, 'reprovisionedToInitialAssignment');
    assert.equal(back.assignedHub, hubHost);
    assert.deepEqual((await bench.hub.twins.load('dev1')).tags, { place: 'hall 1' });
    assert.equal(await other.registry.load('dev1'), undefined);
  });

  test('dps 44: with reset the twin begins again with the initial one', async () => {
    const other = await bench.addHub('b.example');
    const initialTwin = { tags: { from: 'enrollment', version: null }, desired: { period: 60, $version: 3 } };
    await lead(reset, [hubHost], { initialTwin });
    assert.equal((await register()).substatus, 'initialAssignment');
    assert.deepEqual((await bench.hub.twins.load('dev1')).desired, { period: 60 });
    await bench.hub.twins.patchDesired('dev1', { period: 5, more: true });
    await lead(reset, ['b.example'], { initialTwin });
    const moved = await register();
    assert.equal(moved.substatus, 'deviceDataReset');
    const twin = await other.twins.load('dev1');
    assert.deepEqual(twin.tags, { from: 'enrollment' });
    assert.deepEqual(twin.desired, { period: 60 });
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('dps 44: with never it stays where it is, with the credential it just showed', async () => {
    const other = await bench.addHub('b.example');
    await lead(never, [hubHost]);
    await register();
    await lead(never, ['b.example']);
    leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
    const stayed = await register();
    assert.equal(stayed.substatus, 'initialAssignment');
    assert.equal(stayed.assignedHub, hubHost);
    assert.equal(await other.registry.load('dev1'), undefined);
    const identity = await bench.hub.registry.require('dev1');
    assert.equal(
      identity.authentication.type === 'selfSigned' && identity.authentication.primaryThumbprint?.toLowerCase(),
      leaf.certificate.sha256Thumbprint,
    );
  });

  test('dps 44: one that would have stayed, but whose hub is gone, begins again elsewhere', async () => {
    await bench.addHub('b.example');
    await lead(never, ['b.example']);
    await register();
    await lead(never, ['b.example', hubHost]);
    bench.unlinkHub('b.example');
    const moved = await register();
    assert.equal(moved.substatus, 'reprovisionedToInitialAssignment');
    assert.equal(moved.assignedHub, hubHost);
  });

  test('a device that its owner disabled stays disabled wherever it moves', async () => {
    const other = await bench.addHub('b.example');
    await lead(migrate, [hubHost]);
    await register();
    await bench.hub.registry.setEnabled('dev1', false);
    await lead(migrate, ['b.example']);
    await register();
    assert.equal((await other.registry.require('dev1')).isEnabled, false);
  });

  test('a failure in between does not make it forget where it was', async () => {
    const other = await bench.addHub('b.example');
    await lead(migrate, [hubHost]);
    await register();
    await bench.hub.twins.patchTags('dev1', { place: 'hall 1' });
    await lead(migrate, ['b.example']);
    bench.unlinkHub('b.example');
    const failed = await register();
    assert.equal(failed.status, 'failed');
    assert.equal(failed.errorCode, 404210);
    assert.ok(await bench.hub.registry.load('dev1'));
    bench.linkHub(other);
    assert.equal((await register()).substatus, 'deviceDataMigrated');
    assert.deepEqual((await other.twins.load('dev1')).tags, { place: 'hall 1' });
  });

  test('a hub that is full is told to the device, and it comes in by registering again when there is room', async () => {
    const full = await bench.addHub('b.example', {
      ...defaultHubLimits,
      registry: { ...defaultHubLimits.registry, devicesMax: 1 },
    });
    const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;
    await full.registry.create({ deviceId: 'other', authentication });
    await lead(migrate, ['b.example']);
    const failed = await register();
    assert.deepEqual([failed.status, failed.errorCode], ['failed', 403000]);
    assert.match(String(failed.errorMessage), /takes no more/);
    await full.registry.delete('other');
    assert.equal((await register()).assignedHub, 'b.example');
  });

  test('a twin that the hub does not take is told to the device, and nothing is made', async () => {
    await lead(migrate, [], { initialTwin: { desired: { 'a.b': 1 } } });
    const failed = await register();
    assert.equal(failed.errorCode, 400004);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });
});

test('what a registration is called follows from the hubs and the policy', () => {
  const at = (hubHostName: string, firstHubHostName = 'a'): Assignment => ({
    hubHostName,
    firstHubHostName,
    deviceId: 'd',
    substatus: 'deviceDataMigrated',
  });
  for (const [previous, policy, host, wanted] of [
    [undefined, migrate, 'a', 'initialAssignment'],
    [undefined, never, 'a', 'initialAssignment'],
    [at('a'), migrate, 'A', 'deviceDataMigrated'],
    [at('a'), migrate, 'b', 'deviceDataMigrated'],
    [at('a'), reset, 'b', 'deviceDataReset'],
    [at('b'), migrate, 'A', 'reprovisionedToInitialAssignment'],
    [at('b'), reset, 'a', 'reprovisionedToInitialAssignment'],
    [at('a'), never, 'b', 'reprovisionedToInitialAssignment'],
  ] as const) {
    assert.equal(substatusOf(previous, policy, host), wanted);
  }
});
