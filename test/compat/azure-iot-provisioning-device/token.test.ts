import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import provisioning from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-symmetric-key';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';

type Credential = Parameters<typeof provisioning.ProvisioningDeviceClient.create>[3];
const transports = { MQTT: provisioningMqtt.Mqtt, HTTPS: provisioningHttp.Http };
const groupKey = Buffer.alloc(64, 1).toString('base64');
const secondaryGroupKey = Buffer.alloc(64, 2).toString('base64');

/** As the documentation of the service tells people to do it. */
function derived(key: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(registrationId, 'utf8').digest('base64');
}

describe('azure-iot-provisioning-device by symmetric key, as it comes from npm', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
    // What a person does with NODE_EXTRA_CA_CERTS: this SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
    await bench.central.ok('PUT', '/api/enrollmentGroups/by-key', {
      displayName: 'By key',
      type: 'iot',
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: groupKey, secondaryKey: secondaryGroupKey } },
    });
  });
  after(() => bench?.close());

  async function register(registrationId: string, key: string, transport: keyof typeof transports = 'MQTT') {
    const { hostName, idScope } = bench.home.status.dps;
    // Its packages each bring a copy of azure-iot-common, so their types differ in name alone.
    const credential = new security.SymmetricKeySecurityClient(registrationId, key) as unknown as Credential;
    const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new transports[transport](), credential);
    // Without a callback it is a promise; the types say it may be either.
    return client.register();
  }

  async function assertNothingMade(registrationId: string): Promise<void> {
    assert.equal((await bench.devices()).includes(registrationId), false);
    assert.equal((await bench.hubDevices()).includes(registrationId), false);
  }

  /** Opens the hub with the key that the device registered with, as every sample does. */
  async function openHub(hostName: string, deviceId: string, key: string): Promise<void> {
    const text = `HostName=${hostName};DeviceId=${deviceId};SharedAccessKey=${key}`;
    const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca });
    await client.open();
    await client.sendEvent(new device.Message(`{"from":"${deviceId}"}`));
    await client.close();
    await bench.arrival(deviceId, `{"from":"${deviceId}"}`);
  }

  for (const transport of ['MQTT', 'HTTPS'] as const) {
    test(`dps 1, dps 11, dps 30: a derived key registers over ${transport}, and the same key opens the hub`, async () => {
      for (const [slot, key] of Object.entries({ primary: groupKey, secondary: secondaryGroupKey })) {
        const registrationId = `sdk-${transport}-${slot}`;
        const result = await register(registrationId, derived(key, registrationId), transport);
        assert.ok(result);
        assert.equal(result.status, 'assigned');
        assert.equal(result.deviceId, registrationId);
        await openHub(result.assignedHub, registrationId, derived(key, registrationId));
      }
    });

    test(`dps 12: the key of the group itself is refused over ${transport}, and nothing is made`, async () => {
      const registrationId = `raw-${transport}`;
      await assert.rejects(register(registrationId, groupKey, transport), { name: 'UnauthorizedError' });
      assert.equal((await bench.refusal(registrationId)).reason, 'token-signature');
      await assertNothingMade(registrationId);
    });
  }

  test('central 29: the keys that Central shows for a device that it has not seen yet register it', async () => {
    await bench.central.ok('PUT', '/api/devices/expected-1', { displayName: 'Expected' });
    const { idScope, symmetricKey } = await bench.central.ok('GET', '/api/devices/expected-1/credentials');
    assert.equal(idScope, bench.home.status.dps.idScope);
    const { primaryKey } = symmetricKey as { primaryKey: string };
    const result = await register('expected-1', primaryKey);
    assert.equal(result?.status, 'assigned');
    await openHub(String(result?.assignedHub), 'expected-1', primaryKey);
    assert.equal((await bench.central.ok('GET', '/api/devices/expected-1')).provisioned, true);
  });

  test('neither group keys nor device keys nor tokens are in the log', () => {
    const log = bench.home.log();
    for (const secret of [groupKey, secondaryGroupKey, derived(groupKey, 'sdk-MQTT-primary'), 'SharedAccessSignature']) {
      assert.equal(log.includes(secret), false);
    }
  });
});
