import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client, Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

describe('direct methods through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  let client: Client;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    client = iothub.Client.fromConnectionString(bench.connectionString('service'));
  });
  after(() => bench?.close());

  const call = async (deviceId: string, params: object) =>
    (await client.invokeDeviceMethod(deviceId, { methodName: 'brew', ...params })).result;

  /** What the hub said, within what the SDK throws. */
  async function refusal(answer: Promise<unknown>): Promise<{ statusCode: number | undefined; errorCode: number }> {
    const error = await answer.then(
      () => assert.fail('the call succeeded'),
      (reason) => reason as { response?: { statusCode?: number }; responseBody: string },
    );
    const { errorCode } = JSON.parse(JSON.parse(error.responseBody).Message);
    return { statusCode: error.response?.statusCode, errorCode };
  }

  test('hub-service 49, 50: the device’s status and every kind of payload come back', async () => {
    const device = await bench.connectDevice(registry, 'method-1');
    device.onDeviceMethod('brew', (request, response) => {
      response.send(418, request.payload).catch(() => {});
    });
    for (const payload of [null, '', 0, [], { a: { b: [1, { c: null }] } }, 'ä']) {
      const result = await call('method-1', { payload, connectTimeoutInSeconds: 10, responseTimeoutInSeconds: 10 });
      assert.deepEqual(result, { status: 418, payload });
    }
  });

  test('hub-service 51: an offline device is 404 with 404103 within Message', async () => {
    await registry.create({ deviceId: 'method-2' });
    assert.deepEqual(await refusal(call('method-2', {})), { statusCode: 404, errorCode: 404103 });
    assert.deepEqual(await refusal(call('nobody', {})), { statusCode: 404, errorCode: 404001 });
  });

  test('hub-service 52: a device that connects within the connect time-out is reached', async () => {
    await registry.create({ deviceId: 'method-3' });
    const answer = call('method-3', { connectTimeoutInSeconds: 15 });
    const device = await bench.connectDevice(registry, 'method-3');
    device.onDeviceMethod('brew', (_request, response) => {
      response.send(200, 'late').catch(() => {});
    });
    assert.deepEqual(await answer, { status: 200, payload: 'late' });
  });

  test('hub-service 53: no answer is 504 with 504101', async () => {
    const device = await bench.connectDevice(registry, 'method-4');
    let calls = 0;
    device.onDeviceMethod('brew', () => {
      calls++;
    });
    const answer = refusal(call('method-4', { connectTimeoutInSeconds: 10, responseTimeoutInSeconds: 5 }));
    assert.deepEqual(await answer, { statusCode: 504, errorCode: 504101 });
    assert.equal(await eventually(async () => calls || undefined), 1);
  });
});
