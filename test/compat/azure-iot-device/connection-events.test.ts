import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { type DeviceClient, sdkTransports, type TransportName } from '#test/support/sdk-column.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readLog, readRunningLog } from '#test/support/stored-log.ts';

const hubName = 'hub.example';
const renewals = 20;
const source = 'deviceConnectionStateEvents';

describe('the hub’s events of connections, while azure-iot-device renews its token', () => {
  let bench: ServiceBench;
  let registry: iothub.Registry;
  before(async () => {
    bench = await openServiceBench(['--host-name', hubName]);
    makeKnown(hubName, bench.home.address);
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  });
  after(() => bench?.close());

  async function newDevice(t: TestContext, transport: TransportName) {
    const deviceId = `events-${transport}-${crypto.randomUUID().slice(0, 8)}`;
    const { responseBody } = await registry.create({ deviceId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    let seconds = 600;
    /** Each with a later end than the one before. */
    const token = () => {
      const end = Math.ceil(Date.now() / 1000) + ++seconds;
      return common.SharedAccessSignature.create(`${hubName}/devices/${deviceId}`, '', key, end).toString();
    };
    const newClient = async (): Promise<DeviceClient> => {
      const client = device.Client.fromSharedAccessSignature(token(), sdkTransports[transport]);
      client.setRetryPolicy(new common.NoRetry());
      await client.setOptions({ ca: bench.home.ca });
      t.after(() => client.close().catch(() => {}));
      return client;
    };
    return { deviceId, token, newClient };
  }

  /** This call of the SDK knows no promise. */
  const renew = (client: DeviceClient, token: string) =>
    new Promise<void>((resolve, reject) =>
      client.updateSharedAccessSignature(token, (error?: Error) => (error ? reject(error) : resolve())),
    );

  type Seen = { opType: string | null | undefined; number: string; at: number };

  async function seenOf(deviceId: string, read: Promise<Awaited<ReturnType<typeof readLog>>>): Promise<Seen[]> {
    return (await read)
      .filter((event) => event.deviceId === deviceId)
      .map((event) => ({
        opType: event.properties().application.opType,
        number: (JSON.parse(event.body.toString()) as { sequenceNumber: string }).sequenceNumber,
        at: event.enqueuedAt,
      }));
  }

  /** What the log on disk holds of the device, once it holds `count` events. */
  const events = (deviceId: string, count: number) =>
    eventually(async () => {
      const seen = await seenOf(deviceId, readRunningLog(bench.home, source));
      return seen.length >= count ? seen : undefined;
    });

  /** Connected and disconnected by turns, each with a larger number than the one before, comparable as text. */
  function assertUnbroken(seen: readonly Seen[], count: number): void {
    assert.deepEqual(
      seen.map(({ opType }) => opType),
      Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 'deviceConnected' : 'deviceDisconnected')),
    );
    const numbers = seen.map(({ number }) => number);
    assert.deepEqual(numbers, [...new Set(numbers)].sort());
  }

  /** Why sessions of the device ended, in the words of the hub's log. */
  const causes = (deviceId: string) =>
    bench.home
      .log()
      .split('\n')
      .filter((line) => line.includes('"device.disconnected"') && line.includes(`"${deviceId}"`))
      .map((line) => (JSON.parse(line) as { cause: string }).cause);

  for (const transport of ['Mqtt', 'MqttWs'] as const) {
    test(`hub 95: over ${transport} each of 20 renewals is an end and a beginning, in order, while it happens`, async (t) => {
      const { deviceId, token, newClient } = await newDevice(t, transport);
      const client = await newClient();
      await client.open();
      const spans: [from: number, to: number][] = [];
      for (let i = 0; i < renewals; i++) {
        const from = Date.now();
        await renew(client, token());
        spans.push([from, Date.now()]);
      }
      await client.close();
      // This SDK connects more than once for a token that it is given, so how many there are is for the hub's log to say.
      const seen = await eventually(async () => {
        const all = await events(deviceId, 2 * renewals + 2);
        return all.length === 2 * causes(deviceId).length ? all : undefined;
      });
      assertUnbroken(seen, seen.length);
      for (const [from, to] of spans) {
        const meanwhile = seen.filter(({ at }) => from <= at && at <= to).map(({ opType }) => opType);
        assert.ok(meanwhile.includes('deviceDisconnected') && meanwhile.includes('deviceConnected'), meanwhile.join());
      }
      t.diagnostic(`${seen.length} events of ${renewals} renewals`);
      assert.deepEqual(new Set(causes(deviceId)), new Set(['disconnect']));
    });
  }

  for (const transport of ['Amqp', 'AmqpWs'] as const) {
    test(`hub 95: over ${transport} 20 renewals are no event, and 20 connections are two each, in order`, async (t) => {
      const { deviceId, token, newClient } = await newDevice(t, transport);
      const first = await newClient();
      await first.open();
      await first.sendEvent(new device.Message('1'));
      for (let i = 0; i < renewals; i++) await renew(first, token());
      await first.sendEvent(new device.Message('2'));
      assertUnbroken(await events(deviceId, 1), 1);
      await first.close();
      for (let i = 0; i < renewals; i++) {
        const client = await newClient();
        await client.open();
        await client.sendEvent(new device.Message('3'));
        await client.close();
      }
      const count = 2 * renewals + 2;
      assertUnbroken(await events(deviceId, count), count);
      assert.deepEqual(causes(deviceId), Array(renewals + 1).fill('disconnect'));
    });
  }

  test('hub 95: what was told is on the disk when the server is killed, and the next one goes on above it', async (t) => {
    const { deviceId, newClient } = await newDevice(t, 'Mqtt');
    const client = await newClient();
    await client.open();
    // A second connection ends the first, and says so before it says that it has begun.
    const second = await newClient();
    await second.open();
    const told = await events(deviceId, 3);
    // Who is connected is written 50 ms behind its event, and a query waits for that.
    await registry.createQuery(`SELECT * FROM devices WHERE deviceId = '${deviceId}'`).next();
    await bench.home.kill();
    assert.deepEqual(await seenOf(deviceId, readLog(bench.home.data, source)), told);
    await bench.home.restart();
    await (await newClient()).open();
    assertUnbroken(await events(deviceId, 5), 5);
    assert.deepEqual(causes(deviceId), ['newer-connection', 'hub-failed']);
  });
});
