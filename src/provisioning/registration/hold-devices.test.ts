import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeCa, makeLeaf, type TestCertificate } from '#test/support/certificates.ts';
import { hubHost, settled, type TestDevice, until } from '#test/support/hub-bench.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';
import { openProvisioningServiceClient } from '#test/support/service-client.ts';
import { RegistrationStore } from './registration-store.ts';

describe('devices whose enrollment is taken away', () => {
  let bench: ProvisioningBench;
  let leaf: TestCertificate;
  beforeEach(async () => {
    bench = await openProvisioningBench();
    leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
  });
  afterEach(async () => {
    await bench.provisioning.stop();
    await bench.close();
  });

  async function register(shown = leaf, registrationId = 'dev1') {
    const device = await bench.connect({ certificates: [shown], registrationId });
    await device.subscribe();
    const { body, status } = await device.register();
    const answer = status === 202 ? await device.poll(body.operationId) : { status };
    device.client.disconnect();
    return answer.status;
  }

  /** CONNECT to the hub itself. */
  const dial = (shown = leaf, deviceId = 'dev1') => bench.dialHub({ deviceId, certificates: [shown] });
  const status = async (deviceId = 'dev1') => {
    const { isEnabled, statusReason } = await bench.hub.registry.require(deviceId);
    return statusReason === undefined ? isEnabled : `${isEnabled}: ${statusReason}`;
  };
  const setGroup = async (isEnabled: boolean) => {
    const group = await bench.provisioning.groups.require('line-1');
    await bench.provisioning.groups.replace({ ...group, isEnabled });
  };
  const closed = (device: TestDevice) => until('the session ends', () => device.closed !== undefined);
  const isEnabled = (wanted: boolean, deviceId = 'dev1') =>
    until(`${deviceId} is ${wanted ? 'let in' : 'kept out'}`, async () => {
      return (await bench.hub.registry.require(deviceId)).isEnabled === wanted;
    });

  async function refusalOf(deviceId: string) {
    const [row] = await bench.refusals.list({ service: 'hub', subject: deviceId });
    return row && { reason: row.reason, detail: row.detail, fix: row.fix };
  }

  test('disabling a group ends the sessions of its devices, keeps them out with the reason, and enabling it lets them in', async () => {
    assert.equal(await register(), 200);
    const device = await dial();
    assert.equal(device.answer.code, 0);
    await setGroup(false);
    await closed(device);
    assert.equal(device.closed, 'device-disabled');
    assert.equal(await status(), 'false: Enrollment group line-1 is disabled.');
    assert.equal((await dial()).answer.code, 5);
    const refusal = await refusalOf('dev1');
    assert.equal(refusal?.reason, 'device-disabled');
    assert.match(refusal?.detail ?? '', /Enrollment group line-1 is disabled\./);
    assert.match(refusal?.fix ?? '', /Enable the enrollment/);
    await setGroup(true);
    await isEnabled(true);
    assert.equal(await status(), true);
    assert.equal((await dial()).answer.code, 0);
  });

  test('a device that a person disabled stays so, before, during and after', async () => {
    const second = makeLeaf({ issuer: bench.ca, name: 'dev2' });
    await register();
    await register(second, 'dev2');
    await bench.hub.registry.setEnabled('dev1', false);
    await setGroup(false);
    await isEnabled(false, 'dev2');
    await until('dev1 is held too', async () => (await bench.hub.registry.listHeld('', 10)).length === 2);
    await bench.hub.registry.setEnabled('dev2', false);
    await setGroup(true);
    await until('nobody is held', async () => (await bench.hub.registry.listHeld('', 10)).length === 0);
    assert.deepEqual([await status(), await status('dev2')], [false, false]);
  });

  test('enabling a held device by hand does not let it past its group', async () => {
    await register();
    await setGroup(false);
    await isEnabled(false);
    await bench.hub.registry.setEnabled('dev1', true);
    assert.equal(await status(), 'false: Enrollment group line-1 is disabled.');
  });

  test('a deleted group and a deleted CA take the sessions of their devices along, each with its own reason', async () => {
    await register();
    const device = await dial();
    await bench.authorities.delete('line-1-primary');
    await closed(device);
    assert.match(String(await status()), /^false: The CA certificate that let it into enrollment group line-1/);
    await bench.verifyAuthority('line-1-primary', bench.ca);
    await isEnabled(true);
    const again = await dial();
    assert.equal(again.answer.code, 0);
    await bench.provisioning.groups.delete('line-1');
    await closed(again);
    assert.equal(await status(), 'false: Enrollment group line-1 was deleted.');
  });

  test('a device of a CA that was taken out of its group comes back when it registers below the one that is in it', async () => {
    await register();
    const next = makeCa({ name: 'Line 2' });
    await bench.verifyAuthority('line-1-secondary', next);
    const group = await bench.provisioning.groups.require('line-1');
    await bench.provisioning.groups.replace({
      ...group,
      attestation: { type: 'x509', secondaryCertificateId: 'line-1-secondary' },
    });
    await isEnabled(false);
    const renewed = makeLeaf({ issuer: next, name: 'dev1' });
    assert.equal(await register(renewed), 200);
    await settled();
    assert.equal(await status(), true);
    assert.equal((await dial(renewed)).answer.code, 0);
  });

  test('an enrollment of one device: disabled, enabled, deleted', async () => {
    const asked = {
      registrationId: 'dev9',
      isEnabled: true,
      attestation: { type: 'x509', primaryThumbprint: leaf.certificate.sha256Thumbprint },
    } as const;
    const own = makeLeaf({ issuer: bench.ca, name: 'dev9' });
    const enrollment = {
      ...asked,
      attestation: { ...asked.attestation, primaryThumbprint: own.certificate.sha256Thumbprint },
    };
    await bench.provisioning.enrollments.create(enrollment);
    assert.equal(await register(own, 'dev9'), 200);
    const device = await dial(own, 'dev9');
    await bench.provisioning.enrollments.replace({ ...enrollment, isEnabled: false });
    await closed(device);
    assert.equal(await status('dev9'), 'false: The enrollment of dev9 is disabled.');
    await bench.provisioning.enrollments.replace(enrollment);
    await isEnabled(true, 'dev9');
    const again = await dial(own, 'dev9');
    assert.equal(again.answer.code, 0);
    await bench.provisioning.enrollments.delete('dev9');
    await closed(again);
    assert.equal(await status('dev9'), 'false: The enrollment of dev9 was deleted.');
  });

  test('an enrollment that is deleted over REST, with its registration, takes its device along all the same', async (t) => {
    const service = await openProvisioningServiceClient(bench);
    t.after(() => service.close());
    const own = makeLeaf({ issuer: bench.ca, name: 'dev8' });
    const primaryThumbprint = own.certificate.sha256Thumbprint;
    const enrollment = { registrationId: 'dev8', isEnabled: true, attestation: { type: 'x509', primaryThumbprint } } as const;
    await bench.provisioning.enrollments.create(enrollment);
    assert.equal(await register(own, 'dev8'), 200);
    const device = await dial(own, 'dev8');
    assert.equal((await service.ask('DELETE', '/enrollments/dev8')).status, 204);
    assert.equal(device.closed, 'device-disabled');
    assert.equal(await bench.provisioning.registrations.load('dev8'), undefined);
    assert.equal((await dial(own, 'dev8')).answer.code, 5);
    await bench.provisioning.enrollments.create(enrollment);
    assert.equal(await register(own, 'dev8'), 200);
    assert.equal((await dial(own, 'dev8')).answer.code, 0);
  });

  test('a revoked CA of a group takes its devices along, and a list without it lets them in again', async () => {
    const root = makeCa({ name: 'Root' });
    const line = makeCa({ name: 'Line 3', issuer: root });
    await bench.verifyAuthority('root', root);
    await bench.verifyAuthority('line-3', line);
    await bench.provisioning.groups.create({
      groupId: 'line-3',
      displayName: 'line-3',
      type: 'iot',
      isEnabled: true,
      attestation: { type: 'x509', primaryCertificateId: 'line-3' },
    });
    const below = makeLeaf({ issuer: line, name: 'dev3' });
    assert.equal(await register(below, 'dev3'), 200);
    const device = await dial(below, 'dev3');
    const revoke = (revoked: readonly TestCertificate[], number: number) =>
      bench.revocationLists.add(
        makeRevocationList({ issuer: root, revoked: revoked.map(({ certificate }) => certificate), number }),
        { by: 'test' },
      );
    await revoke([line], 1);
    await closed(device);
    assert.equal(await status('dev3'), 'false: The CA certificate of enrollment group line-3 was revoked.');
    assert.equal(await register(below, 'dev3'), 401);
    await revoke([], 2);
    await isEnabled(true, 'dev3');
  });

  test('a group of more devices than fit a page is held whole, and let go whole', async () => {
    const store = new RegistrationStore(bench.database, 'home');
    const count = 1_001;
    for (let i = 0; i < count; i++) {
      const deviceId = `many-${i}`;
      await bench.hub.registry.create({ deviceId, authentication: { type: 'sas' } });
      const at = bench.clock.now();
      const assignment = { deviceId, hubHostName: hubHost, firstHubHostName: hubHost, substatus: 'initialAssignment' } as const;
      const result = { status: 'assigned', ...assignment } as const;
      await store.finish('', { registrationId: deviceId, groupId: 'line-1', result, etag: 'e', createdAt: at, updatedAt: at });
    }
    const enabled = async () => (await bench.hub.registry.count()).enabled;
    await setGroup(false);
    await until('all are held', async () => (await enabled()) === 0);
    await setGroup(true);
    await until('all are let go', async () => (await enabled()) === count);
  });

  test('what changed while nobody looked is found at the next start', async () => {
    await register();
    await bench.provisioning.stop();
    await setGroup(false);
    await settled();
    assert.equal(await status(), true);
    await bench.restart();
    await bench.provisioning.start();
    await isEnabled(false);
    await bench.provisioning.stop();
    await setGroup(true);
    await bench.restart();
    await bench.provisioning.start();
    await isEnabled(true);
  });

  test('a server that holds nobody any more lets everybody go, and leaves them connected', async () => {
    await register();
    await setGroup(false);
    await isEnabled(false);
    await bench.provisioning.stop();
    await bench.restart({ holdsDevices: false });
    await bench.provisioning.start();
    assert.equal(await status(), true);
    const device = await dial();
    await setGroup(true);
    await setGroup(false);
    await settled();
    assert.deepEqual([device.closed, await status()], [undefined, true]);
  });

  test('a hub that cannot be written for a moment is tried again', async () => {
    await register();
    const { hold } = bench.hub.registry;
    let failures = 0;
    Object.assign(bench.hub.registry, {
      hold: async (deviceIds: readonly string[], reason: string | undefined) => {
        if (failures++ === 0) throw new Error('the database is away');
        return hold.call(bench.hub.registry, deviceIds, reason);
      },
    });
    await setGroup(false);
    await until('the first attempt fails', () => failures === 1);
    await settled();
    bench.clock.advance(1_000);
    await isEnabled(false);
  });
});
