import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import provisioning from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import security from 'azure-iot-security-symmetric-key';
import securityX509 from 'azure-iot-security-x509';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench, resultOf } from '#test/support/compat-bench.ts';
import { openProvisioningService } from '#test/support/provisioning-service.ts';

type Enrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];
type Group = Parameters<ProvisioningServiceClient['createOrUpdateEnrollmentGroup']>[0];
type Credential = Parameters<typeof provisioning.ProvisioningDeviceClient.create>[3];
const transports = {
  Mqtt: provisioningMqtt.Mqtt,
  MqttWs: provisioningMqtt.MqttWs,
  Http: provisioningHttp.Http,
};
const names = ['Mqtt', 'MqttWs', 'Http'] as const;
const primaryKey = Buffer.alloc(64, 11).toString('base64');
const secondaryKey = Buffer.alloc(64, 12).toString('base64');

describe('enrollments that azure-iot-provisioning-service made, used by azure-iot-provisioning-device', () => {
  let bench: CompatBench;
  let service: ProvisioningServiceClient;
  before(async () => {
    bench = await openCompatBench();
    ({ client: service } = await openProvisioningService(bench.home));
  });
  after(() => bench?.close());

  function enrollByKey(registrationId: string, more: object = {}) {
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } };
    return service.createOrUpdateIndividualEnrollment({ registrationId, attestation, ...more } as unknown as Enrollment);
  }

  async function register(credential: unknown, transport: keyof typeof transports) {
    const { hostName, idScope } = bench.home.status.dps;
    const client = provisioning.ProvisioningDeviceClient.create(
      hostName,
      idScope,
      new transports[transport](),
      credential as Credential,
    );
    // Without a callback it is a promise; the types say it may be either.
    const result = await client.register();
    assert.ok(result);
    return result;
  }
  const byKey = (id: string, key: string) => new security.SymmetricKeySecurityClient(id, key);
  const byCertificate = (id: string, { cert, key }: Identity) => new securityX509.X509Security(id, { cert, key });

  for (const transport of names) {
    test(`dps 8: over ${transport} leaf and intermediate let a device in by the group of the root`, async () => {
      const cell = makeCa({ name: 'Factory Cell', issuer: bench.line, ...bench.dates });
      const id = `chain-${transport}`;
      const identity = bench.leafOf(id, { issuer: cell }, [cell, bench.line]);
      assert.equal((await register(byCertificate(id, identity), transport)).status, 'assigned');
      const state = (await service.getDeviceRegistrationState(id)).responseBody as unknown as Record<string, unknown>;
      assert.deepEqual(state.x509, { enrollmentGroupId: 'factory' });
      // Without the intermediate nothing leads to the root.
      const bare = bench.leafOf(`bare-${transport}`, { issuer: cell }, []);
      await assert.rejects(register(byCertificate(`bare-${transport}`, bare), transport), { name: 'UnauthorizedError' });
    });

    test(`dps 10: over ${transport} the enrollment Reg1 serves the device reg1`, async () => {
      await enrollByKey(`Reg1-${transport}`);
      const id = `reg1-${transport.toLowerCase()}`;
      const result = await register(byKey(id, primaryKey), transport);
      assert.equal(result.status, 'assigned');
      assert.equal(result.deviceId, id);
    });

    test(`dps 13: over ${transport} the secondary key of an enrollment is as good`, async () => {
      const id = `second-${transport}`;
      await enrollByKey(id, { deviceId: `named-${transport}` });
      const result = await register(byKey(id, secondaryKey), transport);
      assert.equal(result.status, 'assigned');
      assert.equal(result.deviceId, `named-${transport}`);
      assert.ok((await bench.hubDevices()).includes(`named-${transport}`));
    });

    test(`dps 16, dps-service 34: over ${transport} a disabled enrollment stops its device under an enabled group`, async () => {
      const id = `stopped-${transport}`;
      const groupId = `by-key-${transport}`;
      const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } };
      await service.createOrUpdateEnrollmentGroup({ enrollmentGroupId: groupId, attestation } as unknown as Group);
      const derived = createHmac('sha256', Buffer.from(primaryKey, 'base64')).update(id).digest('base64');
      await enrollByKey(id, { provisioningStatus: 'disabled' });
      for (const key of [primaryKey, derived]) await assert.rejects(register(byKey(id, key), transport));
      assert.equal(
        (await bench.refusals(id)).some(({ reason }) => reason === 'enrollment-disabled'),
        true,
      );
      assert.equal((await bench.hubDevices()).includes(id), false);
      // The group is as good as ever for others.
      const other = `running-${transport}`;
      const key = createHmac('sha256', Buffer.from(primaryKey, 'base64')).update(other).digest('base64');
      assert.equal((await register(byKey(other, key), transport)).status, 'assigned');
      await service.deleteEnrollmentGroup(groupId);
    });
  }

  test('dps-service 26: the device key that is computed from what the service shows is the one that is computed offline', async () => {
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey, secondaryKey } };
    await service.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'computed', attestation } as unknown as Group);
    const shown = (await service.getEnrollmentGroupAttestationMechanism('computed')).responseBody as unknown as {
      type: string;
      symmetricKey: { primaryKey: string };
    };
    assert.equal(shown.type, 'symmetricKey');
    const keyOf = (groupKey: string) =>
      createHmac('sha256', Buffer.from(groupKey, 'base64')).update('computed-1').digest('base64');
    assert.equal(keyOf(shown.symmetricKey.primaryKey), keyOf(primaryKey));
    assert.equal((await register(byKey('computed-1', keyOf(shown.symmetricKey.primaryKey)), 'Mqtt')).status, 'assigned');
    await service.deleteEnrollmentGroup('computed');
  });

  test('dps 27: C reads disabled from the answer to its poll, with the registration JSON as its body', async () => {
    const identity = bench.selfSignedOf('c-off');
    const x509 = { clientCertificates: { primary: { certificate: identity.leaf.pem } } };
    const enrollment = { registrationId: 'c-off', attestation: { type: 'x509', x509 }, provisioningStatus: 'disabled' };
    await service.createOrUpdateIndividualEnrollment(enrollment as unknown as Enrollment);
    const device = await bench.dialDps(identity, 'c-off', { keepAliveSeconds: 0 });
    await device.subscribe('$dps/registrations/res/#');
    const body = '{"registrationId":"c-off"}';
    const registered = resultOf(await device.ask('$dps/registrations/PUT/iotdps-register/?$rid=1', body, 0));
    assert.equal(registered.status, 202);
    const poll = `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${registered.body.operationId}`;
    const polled = resultOf(await device.ask(poll, body, 0));
    assert.equal(polled.status, 200);
    assert.equal(polled.body.status, 'disabled');
    const state = polled.body.registrationState as Record<string, unknown>;
    assert.equal(state.status, 'disabled');
    assert.equal(state.registrationId, 'c-off');
    assert.equal(typeof state.errorCode, 'number');
    device.disconnect();
    assert.equal((await bench.hubDevices()).includes('c-off'), false);
  });

  for (const transport of names) {
    test(`dps 47: over ${transport} a payload of 100 KB is refused, and the device is not registered`, async () => {
      const id = `large-${transport}`;
      await enrollByKey(id);
      const { hostName, idScope } = bench.home.status.dps;
      const credential = byKey(id, primaryKey) as unknown as Credential;
      const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new transports[transport](), credential);
      client.setProvisioningPayload({ text: 'x'.repeat(100 * 1024) });
      await assert.rejects(async () => client.register());
      assert.equal((await bench.refusal(id)).reason, 'message-too-large');
      await assert.rejects(service.getDeviceRegistrationState(id));
      assert.equal((await bench.hubDevices()).includes(id), false);
    });
  }
});
