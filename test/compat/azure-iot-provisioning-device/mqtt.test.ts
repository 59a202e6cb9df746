import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import provisioning from 'azure-iot-provisioning-device';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-x509';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

const openSockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

describe('azure-iot-provisioning-device over MQTT, as it comes from npm', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
    // What a person does with NODE_EXTRA_CA_CERTS: this SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
  });
  after(() => bench?.close());

  function clientOf(registrationId: string, identity: Identity) {
    const { hostName, idScope } = bench.home.status.dps;
    const credential = new security.X509Security(registrationId, { cert: identity.cert, key: identity.key });
    const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new provisioningMqtt.Mqtt(), credential);
    // Without a callback it is a promise; the types say it may be either.
    return { client, register: async () => client.register() };
  }

  async function assertNothingMade(registrationId: string): Promise<void> {
    assert.equal((await bench.devices()).includes(registrationId), false);
    assert.equal((await bench.hubDevices()).includes(registrationId), false);
  }

  test('dps 7, 22, 48: leaf and chain are enough, the poll waits the 3 s it is told, and no session is left', async () => {
    const sockets = openSockets();
    const { register } = clientOf('sdk-1', bench.leafOf('sdk-1'));
    const began = performance.now();
    const result = await register();
    assert.ok(result);
    // The answer to the register call says 3 s; one poll later the device is assigned.
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 2.9 && seconds < 5, `${seconds} s`);
    assert.equal(result.status, 'assigned');
    assert.equal(result.assignedHub, bench.home.status.hub.hostName);
    assert.equal(result.deviceId, 'sdk-1');
    assert.ok((await bench.devices()).includes('sdk-1'));
    await eventually(() => (openSockets() <= sockets ? true : undefined));
    const again = await bench.dialDps(bench.leafOf('sdk-1'), 'sdk-1', { cleanSession: false });
    assert.equal(again.code, 0);
    assert.equal(again.sessionPresent, false);
    again.disconnect();
  });

  test('dps 9: a leaf for another name is refused, the SDK says unauthorized, and nothing is made', async () => {
    const { register } = clientOf('other', bench.leafOf('sdk-2'));
    await assert.rejects(register(), { name: 'UnauthorizedError' });
    const refusal = await bench.refusal('other');
    assert.equal(refusal.service, 'provisioning');
    assert.equal(refusal.reason, 'common-name-mismatch');
    await assertNothingMade('other');
    await assertNothingMade('sdk-2');
  });

  test('dps 15: a device that no enrollment knows is refused, and the SDK says so', async () => {
    const stranger = makeCa({ name: 'Somebody else', ...bench.dates });
    const { register } = clientOf('sdk-3', bench.leafOf('sdk-3', { issuer: stranger }, [stranger]));
    await assert.rejects(register(), (error: Error) => ['UnauthorizedError', 'DeviceNotFoundError'].includes(error.name));
    assert.equal((await bench.refusal('sdk-3')).reason, 'issuer-unknown');
    await assertNothingMade('sdk-3');
  });

  test('dps 47: a payload of 100 KB is refused, and the device is not registered', async () => {
    const { client, register } = clientOf('sdk-4', bench.leafOf('sdk-4'));
    client.setProvisioningPayload({ text: 'x'.repeat(100 * 1024) });
    await assert.rejects(register());
    assert.equal((await bench.refusal('sdk-4')).reason, 'message-too-large');
    await assertNothingMade('sdk-4');
  });

  test('a payload names the model, and Central gives the device its template', async () => {
    const { client, register } = clientOf('sdk-5', bench.leafOf('sdk-5'));
    client.setProvisioningPayload({ modelId: 'dtmi:com:example:azuresphere:thermometer;1' });
    await register();
    const device = await eventually(async () => {
      const found = await bench.central.ok('GET', '/api/devices/sdk-5');
      return found.template === undefined ? undefined : found;
    });
    assert.equal(device.provisioned, true);
  });
});
