import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { dpsSpellings } from '#test/support/sas-spellings.ts';
import { deriveDeviceKey } from '#trust/symmetric-keys.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const primaryKey = Buffer.alloc(64, 1).toString('base64');
const secondaryKey = Buffer.alloc(64, 2).toString('base64');

describe('provisioning by key over MQTT', () => {
  let bench: ProvisioningBench;
  beforeEach(async () => {
    bench = await openProvisioningBench();
    const attestation = { type: 'symmetricKey', primaryKey, secondaryKey } as const;
    await bench.provisioning.groups.create({ groupId: 'by-key', displayName: 'x', type: 'iot', isEnabled: true, attestation });
  });
  afterEach(() => bench.close());

  const expirySeconds = (later = 3600) => Math.ceil(bench.clock.now() / secondMs) + later;

  function tokenOf(registrationId: string, key: string, later?: number): Buffer {
    const resource = `${bench.provisioning.idScope}/registrations/${registrationId}`;
    return Buffer.from(formatSasToken({ resource, key: Buffer.from(key, 'base64'), expirySeconds: expirySeconds(later) }));
  }

  async function registerWith(registrationId: string, password: Buffer) {
    const device = await bench.connect({ registrationId, certificates: [], password });
    await device.subscribe();
    const registered = await device.register();
    return registered.status === 202 ? device.poll(registered.body.operationId) : registered;
  }

  for (const [client, spell] of Object.entries(dpsSpellings)) {
    test(`dps 2, dps 3, dps 4, dps 5, dps 6, dps 11, dps 30: assigned with the token of ${client}, and the hub has the same keys`, async () => {
      const registrationId = 'Sensor-1';
      const resource = `${bench.provisioning.idScope}/registrations/${registrationId}`;
      const key = deriveDeviceKey(primaryKey, registrationId);
      const token = spell({ resource, key, expirySeconds: expirySeconds(30) });
      const { status, body } = await registerWith(registrationId, Buffer.from(token));
      assert.equal(status, 200);
      assert.equal(body.status, 'assigned');
      const state = body.registrationState as Record<string, unknown>;
      assert.deepEqual(state.symmetricKey, { enrollmentGroupId: 'by-key' });
      assert.equal('x509' in state, false);
      assert.equal(JSON.stringify(body).includes(key), false);
      const { authentication } = await bench.hub.registry.require(registrationId);
      assert.ok(authentication.type === 'sas');
      assert.deepEqual(authentication.keys.reveal(), {
        primaryKey: key,
        secondaryKey: deriveDeviceKey(secondaryKey, registrationId),
      });
    });
  }

  test('dps 12: the key of the group itself is 401000, nothing is made, and the fix is kept', async () => {
    const { status, body } = await registerWith('dev1', tokenOf('dev1', primaryKey));
    assert.deepEqual([status, body.errorCode, body.message], [401, 401000, 'Unauthorized']);
    const refusal = await bench.refusal();
    assert.equal(refusal?.reason, 'token-signature');
    assert.match(refusal?.fix ?? '', /derived/);
    assert.equal(JSON.stringify(refusal).includes(primaryKey), false);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('dps 14: an expired token is let in by CONNECT and told by the register call', async () => {
    const { status, body } = await registerWith('dev1', tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev1'), -302));
    assert.deepEqual([status, body.errorCode], [401, 401000]);
    assert.equal((await bench.refusal())?.reason, 'token-expired');
  });

  test('a token of another device is refused, also for a poll of the device’s own operation', async () => {
    const own = await bench.connect({
      registrationId: 'dev1',
      certificates: [],
      password: tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev1')),
    });
    await own.subscribe();
    const { body } = await own.register();
    const other = await bench.connect({
      registrationId: 'dev1',
      certificates: [],
      password: tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev2')),
    });
    await other.subscribe();
    assert.equal((await other.poll(body.operationId)).status, 401);
    assert.equal((await own.poll(body.operationId)).status, 200);
  });

  test('the token is judged at each call: a key that was replaced in between opens nothing more', async () => {
    const device = await bench.connect({
      registrationId: 'dev1',
      certificates: [],
      password: tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev1')),
    });
    await device.subscribe();
    const { body } = await device.register();
    const { groups } = bench.provisioning;
    const rolled = { type: 'symmetricKey', primaryKey: Buffer.alloc(64, 9).toString('base64') } as const;
    await groups.replace({ ...(await groups.require('by-key')), attestation: rolled });
    assert.equal((await device.poll(body.operationId)).status, 401);
  });

  test('a device of a disabled group is told disabled, and a certificate group does not take it over', async () => {
    const { groups } = bench.provisioning;
    await groups.replace({ ...(await groups.require('by-key')), isEnabled: false });
    const { status, body } = await registerWith('dev1', tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev1')));
    assert.deepEqual([status, body.status], [200, 'disabled']);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('after a change from certificate to key the hub forgets the thumbprint', async () => {
    const device = await bench.connect({ registrationId: 'dev1' });
    await device.subscribe();
    await device.poll((await device.register()).body.operationId);
    assert.equal((await bench.hub.registry.require('dev1')).authentication.type, 'selfSigned');
    await registerWith('dev1', tokenOf('dev1', deriveDeviceKey(primaryKey, 'dev1')));
    assert.equal((await bench.hub.registry.require('dev1')).authentication.type, 'sas');
  });

  describe('with an enrollment of its own', () => {
    const own = { primaryKey: Buffer.alloc(32, 5).toString('base64'), secondaryKey: Buffer.alloc(32, 6).toString('base64') };
    const enroll = (changes: { isEnabled?: boolean; deviceId?: string } = {}) =>
      bench.provisioning.enrollments.create({
        registrationId: 'Reg1',
        isEnabled: true,
        attestation: { type: 'symmetricKey', ...own },
        ...changes,
      });

    test('dps 10, dps 13: reg1 registers by either key of Reg1, and the hub gets both', async () => {
      await enroll({ deviceId: 'pump-7' });
      for (const key of [own.primaryKey, own.secondaryKey]) {
        const { body } = await registerWith('reg1', tokenOf('reg1', key));
        assert.equal(body.status, 'assigned');
        const state = body.registrationState as Record<string, unknown>;
        assert.equal(state.deviceId, 'pump-7');
        assert.deepEqual(state.symmetricKey, {});
      }
      const { authentication } = await bench.hub.registry.require('pump-7');
      assert.ok(authentication.type === 'sas');
      assert.deepEqual(authentication.keys.reveal(), own);
    });

    test('the key that the group would derive does not count any more', async () => {
      await enroll();
      const { status } = await registerWith('Reg1', tokenOf('Reg1', deriveDeviceKey(primaryKey, 'Reg1')));
      assert.equal(status, 401);
      assert.equal((await bench.refusal())?.reason, 'token-signature');
    });

    test('dps 16: disabled, it is refused, though it has the key of an enabled group and a certificate of another', async () => {
      await enroll({ isEnabled: false });
      const disabled = await registerWith('Reg1', tokenOf('Reg1', own.primaryKey));
      assert.deepEqual([disabled.status, disabled.body.status], [200, 'disabled']);
      const derived = await registerWith('Reg1', tokenOf('Reg1', deriveDeviceKey(primaryKey, 'Reg1')));
      assert.equal(derived.status, 401);
      const byCertificate = await bench.connect({ registrationId: 'Reg1' });
      await byCertificate.subscribe();
      assert.equal((await byCertificate.register()).status, 401);
      assert.equal(await bench.hub.registry.load('Reg1'), undefined);
      // Without it, the group takes the device.
      await bench.provisioning.enrollments.delete('reg1');
      const { body } = await registerWith('Reg1', tokenOf('Reg1', deriveDeviceKey(primaryKey, 'Reg1')));
      assert.equal(body.status, 'assigned');
    });

    test('by the thumbprint of a self-signed certificate, which the hub then knows', async () => {
      const leaf = makeSelfSigned('solo');
      const { sha1Thumbprint, sha256Thumbprint } = leaf.certificate;
      const attestation = { type: 'x509', primaryThumbprint: sha1Thumbprint } as const;
      await bench.provisioning.enrollments.create({ registrationId: 'solo', isEnabled: true, attestation });
      const device = await bench.connect({ registrationId: 'solo', certificates: [leaf] });
      await device.subscribe();
      const { body } = await device.poll((await device.register()).body.operationId);
      assert.equal(body.status, 'assigned');
      assert.deepEqual((body.registrationState as Record<string, unknown>).x509, {});
      const { authentication } = await bench.hub.registry.require('solo');
      assert.ok(authentication.type === 'selfSigned');
      assert.equal(authentication.primaryThumbprint?.toLowerCase(), sha256Thumbprint);
    });
  });
});
