import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DigitalTwinClient, Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

describe('digital twins through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  let client: DigitalTwinClient;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    client = new iothub.DigitalTwinClient(
      new iothub.IoTHubTokenCredentials(bench.connectionString('service')) as ConstructorParameters<typeof DigitalTwinClient>[0],
    );
  });
  after(() => bench?.close());

  test('hub-service 65: a patch comes back as desired value, and a tag from before is refused', async () => {
    await registry.create({ deviceId: 'twin-1' });
    await client.updateDigitalTwin('twin-1', [{ op: 'add', path: '/targetTemperature', value: 20 }]);
    const { $metadata } = (await client.getDigitalTwin('twin-1')) as unknown as {
      $metadata: { targetTemperature: { desiredValue: number } };
    };
    assert.equal($metadata.targetTemperature.desiredValue, 20);
    await assert.rejects(
      client.updateDigitalTwin('twin-1', [{ op: 'add', path: '/targetTemperature', value: 21 }], '"AAAAAAAAAAE="'),
    );
  });

  test('hub-service 66: a component’s command reaches the device and its status comes back', async () => {
    const device = await bench.connectDevice(registry, 'twin-2');
    device.onDeviceMethod('therm*reboot', (request, response) => {
      response.send(201, { got: request.payload }).catch(() => {});
    });
    const answer = await client.invokeComponentCommand('twin-2', 'therm', 'reboot', 5, {
      connectTimeoutInSeconds: 10,
      responseTimeoutInSeconds: 10,
    });
    assert.equal(answer?.xMsCommandStatuscode, 201);
    assert.deepEqual(answer?.body, { got: 5 });
    device.onDeviceMethod('beep', (_request, response) => {
      response.send(200, 'loud').catch(() => {});
    });
    assert.equal((await client.invokeCommand('twin-2', 'beep', '', { responseTimeoutInSeconds: 10 }))?.body, 'loud');
  });
});
