import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import type device from 'azure-iot-device';
import iothub from 'azure-iothub';
import { Amqp } from 'azure-iothub/dist/amqp.js';
import { AmqpWs } from 'azure-iothub/dist/amqp_ws.js';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

const { Client, Registry } = iothub;
const { Message } = common;
type Client = InstanceType<typeof Client>;
type Record = { originalMessageId: string; statusCode: string; deviceId: string; deviceGenerationId: string };

const hubName = 'hub.example';
let bench: ServiceBench;
let registry: InstanceType<typeof Registry>;
before(async () => {
  bench = await openServiceBench(['--host-name', hubName]);
  makeKnown(hubName, bench.home.address);
  registry = Registry.fromConnectionString(bench.connectionString('iothubowner'));
});
after(() => bench?.close());

test('hub-service 67: azure-iothub opens a connection without SASL and shows its token in $cbs', async () => {
  const client = Client.fromConnectionString(bench.connectionString('service'), Amqp);
  await client.open();
  await client.close();
});

test('hub-service 70: azure-iothub opens the same in a WebSocket', async () => {
  const client = Client.fromConnectionString(bench.connectionString('service'), AmqpWs);
  await client.open();
  await client.close();
});

for (const [name, transport] of [
  ['Amqp', Amqp],
  ['AmqpWs', AmqpWs],
] as const) {
  describe(`messages to devices through azure-iothub over ${name}, as it comes from npm`, () => {
    let made = 0;
    const open: Client[] = [];
    afterEach(async () => {
      for (const client of open.splice(0)) await client.close().catch(() => {});
    });

    /** It does not try again by itself, so that a refusal is seen. */
    function clientOf(policy = 'service'): Client {
      const client = Client.fromConnectionString(bench.connectionString(policy), transport);
      client.setRetryPolicy(new common.NoRetry());
      open.push(client);
      return client;
    }

    async function newDevice(): Promise<string> {
      const deviceId = `${name}-${++made}`;
      await registry.create({ deviceId });
      return deviceId;
    }

    function messageOf(body: string, messageId: string, ack?: string) {
      const message = new Message(body);
      message.messageId = messageId;
      if (ack) message.ack = ack;
      return message;
    }

    const waiting = async (deviceId: string) => (await registry.get(deviceId)).responseBody.cloudToDeviceMessageCount;

    /** Collects what the feedback receiver hears of; the SDK accepts by itself. */
    async function listen(client: Client): Promise<Record[]> {
      const records: Record[] = [];
      const { result } = await client.getFeedbackReceiver();
      assert.ok(result);
      result.on('message', ({ data }: { data: Buffer }) => records.push(...JSON.parse(String(data))));
      return records;
    }
    const heard = (records: Record[], messageId: string) =>
      eventually(async () => records.find(({ originalMessageId }) => originalMessageId === messageId));

    test('hub-service 71: a message is accepted and counts among those that wait', async () => {
      const [client, deviceId] = [clientOf(), await newDevice()];
      await client.open();
      assert.ok(await client.send(deviceId, messageOf('one', 'm-1')));
      assert.ok(await client.send(deviceId, 'two'));
      assert.equal(await waiting(deviceId), 2);
    });

    test('hub-service 72: a message to nobody is DeviceNotFoundError', async () => {
      const client = clientOf();
      await assert.rejects(client.send('nobody', messageOf('x', 'm-1')) as Promise<unknown>, { name: 'DeviceNotFoundError' });
    });

    test('hub-service 73: the 51st message that waits is DeviceMaximumQueueDepthExceededError', async () => {
      const [client, deviceId] = [clientOf(), await newDevice()];
      await client.open();
      await Promise.all(Array.from({ length: 50 }, (_, n) => client.send(deviceId, messageOf('x', `m-${n}`))));
      assert.equal(await waiting(deviceId), 50);
      await assert.rejects(client.send(deviceId, messageOf('x', 'm-50')) as Promise<unknown>, {
        name: 'DeviceMaximumQueueDepthExceededError',
      });
    });

    test('hub-service 74: what the device completes comes back as Success, by its id even where that is a UUID', async () => {
      const [client, deviceId] = [clientOf(), await newDevice()];
      const { generationId } = (await registry.get(deviceId)).responseBody;
      const receiver = await bench.connectDevice(registry, deviceId);
      const seen = new Promise<device.Message>((resolve) => {
        receiver.on('message', (message: device.Message) => {
          resolve(message);
          receiver.complete(message).catch(() => {});
        });
      });
      const records = await listen(client);
      const messageId = randomUUID();
      await client.send(deviceId, messageOf('to you', messageId, 'full'));
      assert.equal((await seen).messageId, messageId);
      const { statusCode, deviceId: from, deviceGenerationId } = await heard(records, messageId);
      assert.deepEqual([statusCode, from, deviceGenerationId], ['Success', deviceId, generationId]);
    });

    test('hub-service 75: what is purged, and what expires, comes back so', async () => {
      const [client, deviceId] = [clientOf(), await newDevice()];
      const records = await listen(client);
      await client.send(deviceId, messageOf('x', 'purged', 'negative'));
      assert.equal(await bench.purgeMessages(deviceId), 1);
      assert.equal((await heard(records, 'purged')).statusCode, 'Purged');
      const short = messageOf('x', 'expired', 'full');
      short.expiryTimeUtc = Date.now() + 1_500;
      await client.send(deviceId, short);
      assert.equal((await heard(records, 'expired')).statusCode, 'Expired');
    });

    test('what the hub rejects is the error that the SDK has for it', async () => {
      const [client, deviceId] = [clientOf(), await newDevice()];
      await client.open();
      const rejected = (body: string, messageId: string, error: string) =>
        assert.rejects(client.send(deviceId, messageOf(body, messageId)) as Promise<unknown>, { name: error });
      await rejected('x', 'no id at all', 'ArgumentError');
      await rejected('x'.repeat(64 * 1024 + 1), 'm-1', 'MessageTooLargeError');
      assert.ok(await client.send(deviceId, messageOf('x', 'm-2')), 'and the next one is taken');
    });

    test('a policy without ServiceConnect is UnauthorizedError', async () => {
      const [client, deviceId] = [clientOf('registryReadWrite'), await newDevice()];
      await assert.rejects(client.send(deviceId, messageOf('x', 'm-1')) as Promise<unknown>, { name: 'UnauthorizedError' });
    });
  });
}
