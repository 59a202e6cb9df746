import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { minuteMs, secondMs } from '#base/instant.ts';
import { openAmqpBench } from '#test/support/amqp-bench.ts';
import { type AmqpTestClient, errorIn, outcomeOf } from '#test/support/amqp-client.ts';
import { hubHost, parseBody, settled, telemetryTopic } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceAnswer } from '#test/support/service-client.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { type Operation, operations, type Rates } from '../quotas/rates.ts';

const once = { count: 1, perMs: minuteMs };
const onceEach = Object.fromEntries(operations.map((operation) => [operation, once]));

/** What the first of each two calls is answered, and the second, which comes too soon. */
type Answers = [first: unknown, second: unknown];

async function setUp(t: TestContext, quotas: { hub?: Rates; device?: Rates }) {
  const { bench, client, close } = await openHubService({ quotas: { hub: {}, device: {}, patienceMs: minuteMs, ...quotas } });
  const amqp = openAmqpBench(bench);
  t.after(async () => {
    amqp.stop();
    await close();
  });
  const key = Buffer.alloc(32, 9);
  const addDevice = (deviceId: string) => bench.addDevice(deviceId, { type: 'sas', primaryKey: key.toString('base64') });
  const token = (deviceId: string) =>
    formatSasToken({
      resource: `${hubHost}/devices/${deviceId}`,
      key,
      expirySeconds: Math.ceil(bench.clock.now() / secondMs) + 600,
    });
  const asDevice = (method: string, deviceId: string, path: string, body?: string) =>
    client.ask(method, `/devices/${deviceId}/messages/${path}`, { authorization: token(deviceId), ...(body && { body }) });
  async function overAmqp(deviceId: string): Promise<AmqpTestClient> {
    const device = amqp.dial();
    device.open();
    device.cbs();
    device.putToken(0, token(deviceId), `${hubHost}/devices/${deviceId}`);
    assert.equal((await device.cbsReply()).status, 200);
    return device;
  }
  const overMqtt = (deviceId: string) => bench.connect({ deviceId, certificates: [], password: Buffer.from(token(deviceId)) });
  return { bench, client, token, addDevice, asDevice, overAmqp, overMqtt };
}

const inShort = (answer: ServiceAnswer) =>
  answer.status < 300
    ? answer.status
    : [answer.status, answer.headers['iothub-errorcode'], answer.code, answer.headers['retry-after']];

const tooSoon = [429, 'ThrottlingException', 'ThrottlingException', '60'];

test('hub 96: every operation above its rate is answered as the protocol says it', async (t) => {
  const { bench, client, token, addDevice, asDevice, overAmqp, overMqtt } = await setUp(t, { hub: onceEach, device: onceEach });
  const twice = async (deviceId: string, ask: (deviceId: string) => Promise<unknown>): Promise<Answers> => {
    await addDevice(deviceId);
    // What others did before is paid for.
    bench.clock.advance(20 * minuteMs);
    return [await ask(deviceId), await ask(deviceId)];
  };
  const rest = (method: string, path: (deviceId: string) => string, body?: unknown) => async (deviceId: string) =>
    inShort(await client.ask(method, path(deviceId), body === undefined ? {} : { body }));

  const table: Partial<Record<`${Operation} ${string}`, Answers>> = {};
  table['telemetry HTTPS'] = await twice('d1', async (id) => inShort(await asDevice('POST', id, 'events', 'x')));
  table['receives HTTPS'] = await twice('d2', async (id) => inShort(await asDevice('GET', id, 'devicebound')));
  // The bench has no store for files, so what is let through is refused for that.
  table['fileUploads HTTPS'] = await twice('d9', async (id) =>
    inShort(
      await client.ask('POST', `/devices/${id}/files`, {
        authorization: token(id),
        body: { blobName: 'a.txt' },
      }),
    ),
  );
  table['cloudToDevice REST'] = await twice(
    'd3',
    rest('POST', (id) => `/devices/${id}/messages/deviceBound`, 'hello'),
  );
  table['twinReads REST'] = await twice(
    'd4',
    rest('GET', (id) => `/twins/${id}`),
  );
  table['twinUpdates REST'] = await twice(
    'd5',
    rest('PATCH', (id) => `/twins/${id}`, { tags: { a: 1 } }),
  );
  table['methods REST'] = await twice('d6', async (id) => {
    const { status, headers, json } = await client.ask('POST', `/twins/${id}/methods`, {
      body: { methodName: 'm', payload: null },
    });
    return [status, JSON.parse(json.Message).errorCode, headers['retry-after']];
  });

  await addDevice('d7');
  bench.clock.advance(20 * minuteMs);
  const mqtt = await overMqtt('d7');
  await mqtt.subscribe('$iothub/twin/res/#');
  const asked = async (topic: string, rid: string, body: string) => {
    mqtt.sendOnce(`$iothub/twin/${topic}/?$rid=${rid}`, body);
    const message = await mqtt.message('$iothub/twin/res/');
    const [, status, echoed] = /res\/(\d{3})\/\?\$rid=([^&]*)/.exec(message.topic) ?? [];
    assert.equal(echoed, rid);
    return Number(status) < 300 ? Number(status) : [Number(status), parseBody(message).errorCode];
  };
  table['twinReads MQTT'] = [await asked('GET', '1', ' '), await asked('GET', '2', ' ')];
  const reported = 'PATCH/properties/reported';
  table['twinUpdates MQTT'] = [await asked(reported, '3', '{"a":1}'), await asked(reported, '4', '{"a":2}')];
  let acknowledged = 0;
  for (const n of ['1', '2']) {
    mqtt.client.publish({ topic: telemetryTopic('d7'), payload: n, qos: 1 }, () => {
      acknowledged += 1;
    });
  }
  await settled();
  table['telemetry MQTT'] = ['PUBACK', acknowledged === 1 ? 'no PUBACK yet' : acknowledged];
  table['connections MQTT'] = [0, (await overMqtt('d7')).answer.code];

  await addDevice('d8');
  bench.clock.advance(20 * minuteMs);
  const amqp = await overAmqp('d8');
  amqp.attach({ handle: 2, address: '/devices/d8/twin', isSender: true });
  amqp.attach({ handle: 3, address: '/devices/d8/twin', isSender: false });
  amqp.flow(3, 10);
  await amqp.next(performative.flow, () => true);
  let deliveryId = 0;
  const askTwin = async (operation: string, resource: string | undefined, body: string) => {
    const annotations: [string, Buffer][] = [['operation', encode.string(operation)]];
    if (resource !== undefined) annotations.push(['resource', encode.string(resource)]);
    const properties = { correlationId: encode.string(`c${deliveryId}`) };
    amqp.transfer({
      handle: 2,
      deliveryId: ++deliveryId,
      payload: encodeMessage({ annotations, properties, data: Buffer.from(body) }),
    });
    const answer = decodeMessage((await amqp.next(performative.transfer)).payload);
    const status = Number(answer.annotations.get('status'));
    return status < 300 ? status : [status, JSON.parse(Buffer.concat(answer.data).toString()).errorCode];
  };
  table['twinReads AMQP'] = [await askTwin('GET', undefined, ' '), await askTwin('GET', undefined, ' ')];
  const report = () => askTwin('PATCH', '/properties/reported', '{"a":1}');
  table['twinUpdates AMQP'] = [await report(), await report()];
  amqp.attach({ handle: 4, address: '/devices/d8/messages/events', isSender: true });
  await amqp.next(performative.flow);
  const send = async () => {
    amqp.transfer({ handle: 4, deliveryId: ++deliveryId, payload: encodeMessage({ data: Buffer.from('x') }) });
    const frame = await amqp.next(performative.disposition, (one) => outcomeOf(one) !== undefined);
    return outcomeOf(frame) === 0x24 ? 'accepted' : ['rejected', String(errorIn(frame).condition)];
  };
  table['telemetry AMQP'] = [await send(), await send()];
  const again = await overAmqp('d8');
  again.attach({ handle: 2, address: '/devices/d8/messages/events', isSender: true });
  table['connections AMQP'] = ['attached', ['detached', String((await again.error(performative.detach)).condition)]];

  const throttled = 'com.microsoft:device-container-throttled';
  assert.deepEqual(table, {
    'telemetry HTTPS': [204, tooSoon],
    'receives HTTPS': [204, tooSoon],
    'fileUploads HTTPS': [
      [400, 'DefaultStorageEndpointNotConfigured', 'DefaultStorageEndpointNotConfigured', undefined],
      tooSoon,
    ],
    'cloudToDevice REST': [204, tooSoon],
    'twinReads REST': [200, tooSoon],
    'twinUpdates REST': [200, tooSoon],
    'methods REST': [
      [404, 404103, undefined],
      [429, 429001, '60'],
    ],
    'twinReads MQTT': [200, [429, 429001]],
    'twinUpdates MQTT': [204, [429, 429001]],
    'telemetry MQTT': ['PUBACK', 'no PUBACK yet'],
    'connections MQTT': [0, 3],
    'twinReads AMQP': [200, [429, 429001]],
    'twinUpdates AMQP': [200, [429, 429001]],
    'telemetry AMQP': ['accepted', ['rejected', throttled]],
    'connections AMQP': ['attached', ['detached', throttled]],
  });
});

test('a neighbour’s calls are answered, however often another calls, over HTTPS and AMQP alike', async (t) => {
  const hub = { telemetry: { count: 20, perMs: secondMs }, twinReads: { count: 20, perMs: secondMs } };
  const { bench, addDevice, asDevice, overAmqp } = await setUp(t, { hub });
  for (const id of ['noisy-amqp', 'noisy-https', 'steady-amqp', 'steady-https']) await addDevice(id);
  const senderOf = async (deviceId: string) => {
    const device = await overAmqp(deviceId);
    device.attach({ handle: 2, address: `/devices/${deviceId}/messages/events`, isSender: true });
    await device.next(performative.flow);
    let deliveryId = 0;
    return async (body: string): Promise<boolean> => {
      device.transfer({ handle: 2, deliveryId: ++deliveryId, payload: encodeMessage({ data: Buffer.from(body) }) });
      return outcomeOf(await device.next(performative.disposition)) === 0x24;
    };
  };
  const post = async (deviceId: string, body: string) => (await asDevice('POST', deviceId, 'events', body)).status === 204;
  const noisy = await senderOf('noisy-amqp');
  const steady = await senderOf('steady-amqp');
  const taken = { amqp: 0, https: 0 };
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 20; i++) {
      if (await noisy(`${round}-${i}`)) taken.amqp += 1;
      if (await post('noisy-https', `${round}-${i}`)) taken.https += 1;
    }
    assert.equal(await steady(String(round)), true, `round ${round} over AMQP`);
    assert.equal(await post('steady-https', String(round)), true, `round ${round} over HTTPS`);
    bench.clock.advance(200);
  }
  const stored = async (deviceId: string) =>
    (await bench.stored('Telemetry')).filter((event) => event.deviceId === deviceId).map((event) => event.body.toString());
  const rounds = Array.from({ length: 10 }, (_, round) => String(round));
  assert.deepEqual(await stored('steady-amqp'), rounds);
  assert.deepEqual(await stored('steady-https'), rounds);
  // 20 at once and 40 in two seconds, the steady ones' 20 among them, and one on credit for each.
  assert.ok(taken.amqp + taken.https <= 20 + 40 - 20 + 4, JSON.stringify(taken));
  assert.equal((await stored('noisy-amqp')).length, taken.amqp, 'what was refused is not stored');
});
