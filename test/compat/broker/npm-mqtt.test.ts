import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, type TestContext, test } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

const [tlsPort, plainPort] = [8884, 1883];

/**
 * Goal: `mqtt` from npm, with nothing of Azure in it, uses the broker door by certificate over TLS and by token on the
 * plain port of this machine.
 */
describe('the broker door and mqtt from npm', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({
      HOMEPORT_BROKER__PORT: String(tlsPort),
      HOMEPORT_BROKER__PLAIN_PORT: String(plainPort),
    });
  });
  after(() => bench.close());

  const deviceKey = Buffer.alloc(32, 3);

  /** A device by key, and the token that its password is. */
  async function addByKey(deviceId: string): Promise<string> {
    const words = ['--auth-method', 'shared_private_key', '--primary-key', deviceKey.toString('base64')];
    await bench.home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
    // Written out here as any program would, from the published recipe.
    const resource = encodeURIComponent(`${bench.home.status.hub.hostName}/devices/${deviceId}`);
    const expiry = Math.ceil(Date.now() / 1000) + 3_600;
    const signature = createHmac('sha256', deviceKey).update(`${resource}\n${expiry}`).digest('base64');
    return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
  }

  async function connectPlain(t: TestContext, deviceId: string, options: IClientOptions = {}): Promise<MqttClient> {
    const password = await addByKey(deviceId);
    const client = await mqtt.connectAsync(`mqtt://${bench.home.address}:${plainPort}`, {
      clientId: deviceId,
      username: deviceId,
      password,
      reconnectPeriod: 0,
      ...options,
    });
    t.after(() => client.endAsync(true));
    return client;
  }

  async function connectByCertificate(t: TestContext, deviceId: string): Promise<MqttClient> {
    const { leaf, cert, key } = bench.selfSignedOf(deviceId);
    await bench.createHubDevice(deviceId, { primary: leaf.certificate.sha1Thumbprint });
    const client = await mqtt.connectAsync(`mqtts://${bench.home.address}:${tlsPort}`, {
      clientId: deviceId,
      ca: bench.home.ca,
      cert,
      key,
      reconnectPeriod: 0,
    });
    t.after(() => client.endAsync(true));
    return client;
  }

  test('by certificate and by token, messages of every QoS go from one to the other', async (t) => {
    const [one, two] = [await connectByCertificate(t, 'npm-tls'), await connectPlain(t, 'npm-plain')];
    const granted = await two.subscribeAsync('room/#', { qos: 2 });
    assert.equal(granted[0]?.qos, 2);
    const got: string[] = [];
    two.on('message', (topic, payload, { qos, retain }) => got.push(`${topic} ${payload} ${qos} ${retain}`));
    for (const qos of [0, 1, 2] as const) await one.publishAsync(`room/${qos}`, 'x', { qos });
    await eventually(() => (got.length === 3 ? true : undefined));
    assert.deepEqual(got, ['room/0 x 0 false', 'room/1 x 1 false', 'room/2 x 2 false']);
  });

  test('three hundred messages of QoS 2 arrive once each and in order', async (t) => {
    const [one, two] = [await connectPlain(t, 'npm-many-1'), await connectPlain(t, 'npm-many-2', { clean: false })];
    await two.subscribeAsync('many', { qos: 2 });
    const got: number[] = [];
    two.on('message', (_topic, payload) => got.push(Number(payload)));
    const sent = Array.from({ length: 300 }, (_, n) => one.publishAsync('many', String(n), { qos: 2 }));
    await Promise.all(sent);
    await eventually(() => (got.length >= 300 ? true : undefined));
    assert.deepEqual(
      got,
      Array.from({ length: 300 }, (_, n) => n),
    );
  });

  test('two thousand retained messages of 2 KiB reach who asks for all of them, at each QoS', async (t) => {
    const one = await connectPlain(t, 'npm-kept-1');
    const body = 'x'.repeat(2_048);
    await Promise.all(Array.from({ length: 2_000 }, (_, n) => one.publishAsync(`kept/${n}`, body, { qos: 1, retain: true })));
    const two = await connectPlain(t, 'npm-kept-2');
    for (const qos of [0, 1, 2] as const) {
      const got = new Set<string>();
      two.removeAllListeners('message');
      two.on('message', (topic, payload, { retain }) => {
        if (retain && payload.length === body.length) got.add(topic);
      });
      await two.subscribeAsync('kept/+', { qos });
      await eventually(() => (got.size === 2_000 ? true : undefined));
    }
  });

  test('a wrong token is refused with 5', async (t) => {
    const password = await addByKey('npm-wrong');
    const client = mqtt.connect(`mqtt://${bench.home.address}:${plainPort}`, {
      clientId: 'npm-wrong',
      username: 'npm-wrong',
      password: password.replace(/sig=[^&]+/, 'sig=AAAA'),
      reconnectPeriod: 0,
    });
    t.after(() => client.endAsync(true));
    const error = await new Promise<Error & { code?: number }>((resolve) => client.once('error', resolve));
    assert.equal(error.code, 5);
  });

  test('a device that is deleted is sent away from here as well', async (t) => {
    const client = await connectPlain(t, 'npm-off');
    const closed = new Promise<void>((resolve) => client.once('close', resolve));
    await bench.home.ok('homeport', ['hub', 'device', 'delete', '-d', 'npm-off']);
    await closed;
  });

  test('status says where the door is', () => {
    assert.deepEqual(bench.home.status.broker, { port: tlsPort, plainPort });
  });
});
