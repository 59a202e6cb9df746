import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { eventually } from '#test/support/eventually.ts';
import { startHomeport } from '#test/support/start-homeport.ts';

const plainPort = 1883;
const count = 400;

/**
 * Goal: QoS 2 means once, also when the server is killed in the middle.
 * Method: two clients with stored sessions that connect again by themselves; the server is killed while messages are under
 * way in both directions, twice, and started again. Every message must have arrived, and none twice.
 */
test('[MQTT-4.3.3-1, MQTT-4.3.3-2] messages of QoS 2 arrive once each over two kills of the server', async (t) => {
  const home = await startHomeport([], { HOMEPORT_BROKER__PLAIN_PORT: String(plainPort) });
  t.after(() => home.close());
  const key = Buffer.alloc(32, 5);

  async function connect(deviceId: string) {
    const words = ['--auth-method', 'shared_private_key', '--primary-key', key.toString('base64')];
    await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
    const resource = encodeURIComponent(`${home.status.hub.hostName}/devices/${deviceId}`);
    const expiry = Math.ceil(Date.now() / 1000) + 3_600;
    const signature = createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64');
    const client = await mqtt.connectAsync(`mqtt://${home.address}:${plainPort}`, {
      clientId: deviceId,
      username: deviceId,
      password: `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`,
      clean: false,
      resubscribe: false,
      reconnectPeriod: 100,
    });
    // The server is away for a while: that is the point.
    client.on('error', () => {});
    t.after(() => client.endAsync(true));
    return client;
  }

  const [publisher, subscriber] = [await connect('once-1'), await connect('once-2')];
  await subscriber.subscribeAsync('once', { qos: 2 });
  const arrived: number[] = [];
  subscriber.on('message', (_topic, payload) => arrived.push(Number(payload)));
  const hasArrived = (wanted: number) => eventually(() => (arrived.length >= wanted ? true : undefined), 60_000);
  let sent = 0;
  const send = async (until: number): Promise<void> => {
    const all: Promise<unknown>[] = [];
    for (; sent < until; sent++) all.push(publisher.publishAsync('once', String(sent), { qos: 2 }).catch(() => undefined));
    await Promise.all(all);
  };
  for (const share of [0.5, 1]) {
    const before = arrived.length;
    const sending = send(count * share);
    await hasArrived(before + 20);
    await home.kill();
    assert.ok(arrived.length < sent, 'something was under way');
    await home.restart();
    await sending;
  }
  await hasArrived(count);
  assert.deepEqual(
    arrived.toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, n) => n),
  );
});
