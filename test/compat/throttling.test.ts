import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

let bench: ServiceBench;
let registry: iothub.Registry;
const open: { close(): Promise<unknown> }[] = [];
before(async () => {
  // So few that a further call comes too soon on any machine.
  bench = await openServiceBench([], { HOMEPORT_HUB__DEVICE_RATES__TWIN_READS_PER_SECOND: '1' });
  registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
});
after(async () => {
  for (const each of open) await each.close().catch(() => undefined);
  await bench?.close();
});

/** The SDK's own client, which does not try again by itself so that the refusal is seen. */
async function clientOf(deviceId: string) {
  const { responseBody } = await registry.create({ deviceId });
  const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
  const text = `HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};SharedAccessKey=${key}`;
  const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
  client.setRetryPolicy(new common.NoRetry());
  await client.setOptions({ ca: bench.home.ca });
  open.push(client);
  return client;
}

/** Calls at once, and tells how each ended: `ok`, or by which error. */
async function atOnce(count: number, call: (index: number) => Promise<unknown>): Promise<string[]> {
  const calls = Array.from({ length: count }, (_, index) => call(index));
  const ended = await Promise.allSettled(calls);
  return ended.map((each) =>
    each.status === 'fulfilled' ? 'ok' : `${(each.reason as Error).constructor.name} ${(each.reason as Error).message}`,
  );
}

test('hub 96: azure-iot-device reads its twin too often over MQTT and each call too many ends in an error', async () => {
  const client = await clientOf('reads');
  await client.open();
  // Reading again is what `twin.get` does, of which the SDK has no type.
  const twin = (await client.getTwin()) as unknown as { get(done: (error?: Error) => void): void };
  const read = () => new Promise<void>((resolve, reject) => twin.get((error) => (error ? reject(error) : resolve())));
  const ended = await atOnce(4, read);
  const tooMany = 'Error Too many requests; try again later.';
  assert.ok(ended.includes(tooMany), ended.join());
  for (const each of ended) assert.ok(each === 'ok' || each === tooMany, each);
});
