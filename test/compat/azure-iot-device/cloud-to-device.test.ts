import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceHttp from 'azure-iot-device-http';
import deviceMqtt from 'azure-iot-device-mqtt';
import type { JsonObject } from '#base/json.ts';
import { eventually } from '#test/support/eventually.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

const { Client } = device;
type Client = InstanceType<typeof Client>;
type Message = InstanceType<typeof device.Message>;
type Transport = Parameters<typeof Client.fromConnectionString>[1];

const httpTransport = deviceHttp.Http as Transport;
const transports = { Mqtt: deviceMqtt.Mqtt, MqttWs: deviceMqtt.MqttWs } as Record<string, Transport>;

describe('messages to azure-iot-device, as it comes from npm', () => {
  let bench: ServiceBench;
  let made = 0;
  const open: Client[] = [];
  before(async () => {
    bench = await openServiceBench();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  async function addDevice(): Promise<{ deviceId: string; connectionString: string }> {
    const deviceId = `c2d-${++made}`;
    const words = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--secrets', '--json'];
    const { connectionString } = JSON.parse(await bench.home.ok('homeport', words)) as JsonObject;
    return { deviceId, connectionString: String(connectionString) };
  }

  async function clientOf(connectionString: string, transport: Transport | undefined): Promise<Client> {
    assert.ok(transport);
    const client = Client.fromConnectionString(connectionString, transport);
    client.setRetryPolicy(new common.NoRetry());
    // Over Http its promise would never be kept: the transport forgets to answer. There the process trusts the CA.
    if (transport !== httpTransport) await client.setOptions({ ca: bench.home.ca });
    await client.open();
    open.push(client);
    return client;
  }

  const send = (deviceId: string, body: string, ...words: string[]) =>
    bench.home.ok('homeport', ['hub', 'c2d', 'send', '-d', deviceId, '--body', body, ...words]);
  const pendingOf = async (deviceId: string): Promise<number> => {
    const { json } = await rest('GET', `/devices/${deviceId}`);
    return (json as { cloudToDeviceMessageCount: number }).cloudToDeviceMessageCount;
  };
  const isEmpty = (deviceId: string) => eventually(async () => ((await pendingOf(deviceId)) === 0 ? true : undefined));

  async function rest(method: string, path: string): Promise<{ status: number; json: unknown; headers: Headers }> {
    const { hostName, httpsPort } = bench.home.status.hub;
    const answer = await fetch(`https://${hostName}:${httpsPort}${path}?api-version=2021-04-12`, {
      method,
      headers: { authorization: bench.token('iothubowner', Math.ceil(Date.now() / 1000) + 600) },
    });
    const text = await answer.text();
    return { status: answer.status, json: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
  }

  /** The messages as they come, and how to wait for the next. */
  function listen(client: Client) {
    const messages: Message[] = [];
    client.on('message', (message: Message) => messages.push(message));
    return () => eventually(() => messages.shift());
  }

  for (const [name, transport] of Object.entries(transports)) {
    test(`hub 46, 48, 50: over ${name} a message comes with its properties, and complete empties the queue`, async () => {
      const { deviceId, connectionString } = await addDevice();
      const next = listen(await clientOf(connectionString, transport));
      await send(
        deviceId,
        'hello',
        ...['--message-id', 'm-1', '--correlation-id', 'c-1', '--ack', 'full', '--expires-in', '10'],
        ...['--property', 'odd= +/&=%', '--content-type', 'text/plain', '--content-encoding', 'utf-8'],
      );
      const message = await next();
      assert.equal(message.getData().toString(), 'hello');
      assert.equal(message.messageId, 'm-1');
      assert.equal(message.correlationId, 'c-1');
      assert.equal(message.to, `/devices/${deviceId}/messages/deviceBound`);
      assert.equal(message.contentType, 'text/plain');
      assert.equal(message.contentEncoding, 'utf-8');
      assert.match(String(message.expiryTimeUtc), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
      assert.equal(message.properties.getValue('odd'), ' +/&=%');
      assert.equal(message.properties.getValue('iothub-ack'), 'full');
      const client = open.at(-1);
      await client?.complete(message);
      await isEmpty(deviceId);
    });

    test(`hub 29: over ${name} what was sent while the device was away comes when it is back`, async () => {
      const { deviceId, connectionString } = await addDevice();
      const first = await clientOf(connectionString, transport);
      const next = listen(first);
      await send(deviceId, 'first');
      await next();
      await first.close();
      for (const data of ['1', '2', '3']) await send(deviceId, data);
      const again = listen(await clientOf(connectionString, transport));
      for (const data of ['1', '2', '3']) assert.equal((await again()).getData().toString(), data);
      await isEmpty(deviceId);
    });
  }

  test('hub 32: nothing is lost while the SDK renews its token, again and again, by connecting anew', async () => {
    const { deviceId, connectionString } = await addDevice();
    const client = Client.fromConnectionString(connectionString, deviceMqtt.Mqtt as Transport);
    open.push(client);
    await client.setOptions({
      ca: bench.home.ca,
      tokenRenewal: { tokenValidTimeInSeconds: 4, tokenRenewalMarginInSeconds: 2 },
    } as never);
    await client.open();
    const got = new Set<string>();
    client.on('message', (message: Message) => got.add(message.getData().toString()));
    const connections = () =>
      bench.home
        .log()
        .split('\n')
        .filter((line) => line.includes('"device.connected"') && line.includes(`"${deviceId}"`)).length;
    let sent = 0;
    await eventually(async () => {
      await send(deviceId, String(sent));
      sent += 1;
      return connections() >= 4 ? true : undefined;
    }, 60_000);
    await eventually(() => (got.size === sent ? true : undefined));
    await isEmpty(deviceId);
  });

  test('over MQTT the SDK itself knows neither reject nor abandon', async () => {
    const { deviceId, connectionString } = await addDevice();
    const client = await clientOf(connectionString, transports.Mqtt);
    const next = listen(client);
    await send(deviceId, 'x');
    const message = await next();
    await assert.rejects(async () => client.reject(message));
    await assert.rejects(async () => client.abandon(message));
  });

  describe('over Http', () => {
    type Polling = Client & { _transport: { receive(): void } };
    /** The SDK asks when it is told to; by itself it would every 25 minutes. */
    async function polling(connectionString: string) {
      const client = (await clientOf(connectionString, httpTransport)) as Polling;
      await client.setOptions({ http: { receivePolicy: { manualPolling: true, drain: false } } } as never);
      const next = listen(client);
      return {
        client,
        async poll() {
          client._transport.receive();
          return next();
        },
      };
    }

    test('hub 87: a message is received, abandoned, received again, and completed', async () => {
      const { deviceId, connectionString } = await addDevice();
      const { client, poll } = await polling(connectionString);
      await send(deviceId, 'hello', '--message-id', 'm-1', '--property', 'alert=true & more=1');
      const first = await poll();
      assert.equal(first.getData().toString(), 'hello');
      assert.equal(first.messageId, 'm-1');
      assert.equal(first.properties.getValue('iothub-app-alert'), 'true & more=1');
      await client.abandon(first);
      const second = await poll();
      assert.notEqual(second.lockToken, first.lockToken);
      assert.equal(await pendingOf(deviceId), 1);
      await client.complete(second);
      assert.equal(await pendingOf(deviceId), 0);
      await assert.rejects(client.complete(second), /Precondition Failed/);
    });

    test('hub-service 75: a rejected message is told to its sender', async () => {
      const { deviceId, connectionString } = await addDevice();
      const { client, poll } = await polling(connectionString);
      await send(deviceId, 'x', '--message-id', 'unwanted', '--ack', 'negative');
      await client.reject(await poll());
      assert.equal(await pendingOf(deviceId), 0);
      const records = await eventually(async () => {
        const { status, json } = await rest('GET', '/messages/serviceBound/feedback');
        return status === 200 ? (json as JsonObject[]) : undefined;
      });
      const mine = records.find(({ originalMessageId }) => originalMessageId === 'unwanted');
      assert.deepEqual([mine?.deviceId, mine?.statusCode], [deviceId, 'Rejected']);
    });
  });
});
