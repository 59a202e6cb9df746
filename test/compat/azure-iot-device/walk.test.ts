import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import provisioning from 'azure-iot-provisioning-device';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-x509';
import { type CompatBench, openCompatBench, thermometerModel } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

describe('the life of a device on unmodified packages from npm', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
    // What a person does with NODE_EXTRA_CA_CERTS: the provisioning SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
  });
  after(() => bench?.close());

  test('it registers, connects, sends, shares its twin, answers a method, and comes back after the server did', async () => {
    const { cert, key } = bench.leafOf('walk-1');
    const { hostName, idScope } = bench.home.status.dps;
    const credential = new security.X509Security('walk-1', { cert, key });
    const registering = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new provisioningMqtt.Mqtt(), credential);
    registering.setProvisioningPayload({ modelId: thermometerModel });
    const assigned = await registering.register();
    assert.ok(assigned);

    const text = `HostName=${assigned.assignedHub};DeviceId=${assigned.deviceId};x509=true`;
    const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
    // The SDK's own policy backs off for minutes, and goes on doing so after `close`.
    let isWanted = true;
    client.setRetryPolicy({ shouldRetry: () => isWanted, nextRetryTimeout: () => 100 });
    try {
      await client.setOptions({ cert, key, modelId: thermometerModel } as object);
      await client.open();
      await client.sendEvent(new device.Message('{"temperature":20.5}'));
      const arrived = await bench.arrival('walk-1', '{"temperature":20.5}');
      assert.deepEqual(arrived.modeled.temperature, { value: 20.5 });

      const twin = await client.getTwin();
      await new Promise<void>((resolve, reject) =>
        twin.properties.reported.update({ serialNumber: 'W-1' }, (error?: Error) => (error ? reject(error) : resolve())),
      );
      const properties = '/api/devices/walk-1/properties';
      assert.equal((await bench.central.ok('GET', properties)).serialNumber, 'W-1');

      const heard: unknown[] = [];
      twin.on('properties.desired', (patch: Record<string, unknown>) => heard.push(patch.thermometerTelemetryUploadEnabled));
      const ask = async (value: boolean | null) => {
        await eventually(async () => {
          // The SDK does not tell when its subscription is granted, at first or after a reconnect.
          await bench.central.ok('PATCH', properties, { thermometerTelemetryUploadEnabled: value });
          return heard.at(-1) === value ? true : undefined;
        });
      };
      await ask(true);
      await ask(null);

      client.onDeviceMethod('displayAlert', (request, response) => {
        response.send(200, `shown: ${request.payload}`).catch(() => {});
      });
      const command = (request: string) =>
        bench.central.call('POST', '/api/devices/walk-1/commands/displayAlert', { request, connectionTimeout: 20 });
      const { body } = await command('hot');
      assert.equal(body.responseCode, 200);
      assert.equal(body.response, 'shown: hot');

      await bench.home.kill();
      await bench.home.restart();
      const again = await command('hot again');
      assert.equal(again.body.response, 'shown: hot again', JSON.stringify(again.body));
      await ask(false);
      await client.sendEvent(new device.Message('{"temperature":19.5}'));
      await bench.arrival('walk-1', '{"temperature":19.5}');
    } finally {
      isWanted = false;
      await client.close();
    }
  });
});
