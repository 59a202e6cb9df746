import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { instant, minuteMs } from '#base/instant.ts';
import { openHubBench, settled, until } from '#test/support/hub-bench.ts';
import type { NewMessage } from '../cloud-to-device/message.ts';

const filter = 'devices/dev1/messages/devicebound/#';
const prefix = 'devices/dev1/messages/devicebound/';

async function setUp(t: TestContext) {
  const bench = await openHubBench();
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  const send = (body: string, more: Partial<NewMessage> = {}, identity = 'dev1') =>
    bench.hub.cloudToDevice.send(identity, { body: Buffer.from(body), ...more });
  const count = (identity = 'dev1') => bench.hub.cloudToDevice.count(identity);
  return { bench, send, count };
}

test('hub 46, hub 49: a message comes with everything its sender said, in the order that all SDKs read', async (t) => {
  const { bench, send } = await setUp(t);
  const device = await bench.connect();
  assert.deepEqual(await device.subscribe([filter, 1]), [1]);
  const expiresAt = instant(bench.clock.now() + 90_000);
  const said = {
    messageId: 'm-1',
    correlationId: 'c 1',
    userId: 'back end',
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
  };
  await send('hello', { ...said, acknowledgement: 'full', application: [['alert', 'true & more=1']], expiresAt });
  assert.deepEqual(await device.message(prefix), {
    topic:
      `${prefix}%24.mid=m-1&%24.to=%2Fdevices%2Fdev1%2Fmessages%2FdeviceBound&%24.cid=c%201&%24.uid=back%20end` +
      '&%24.ct=text%2Fplain&%24.ce=utf-8&%24.exp=2026-06-01T00%3A01%3A30.0000000Z&iothub-ack=full&alert=true%20%26%20more%3D1',
    body: 'hello',
  });
});

test('hub 47: a message of which nothing is said has a bag that says where it goes', async (t) => {
  const { bench, send } = await setUp(t);
  const device = await bench.connect();
  await device.subscribe([filter, 1]);
  await send('');
  assert.deepEqual(await device.message(prefix), {
    topic: `${prefix}%24.to=%2Fdevices%2Fdev1%2Fmessages%2FdeviceBound`,
    body: '',
  });
});

test('hub 48: a property value with a space, a plus, a slash and an ampersand is nowhere raw', async (t) => {
  const { bench, send } = await setUp(t);
  const device = await bench.connect();
  await device.subscribe([filter, 0]);
  await send('x', { application: [['p', ' +/&=#%ü']] });
  assert.match((await device.message(prefix)).topic, /&p=%20%2B%2F%26%3D%23%25%C3%BC$/);
});

for (const qos of [0, 1] as const) {
  test(`hub 50: with QoS ${qos} the queue is empty once the client has it`, async (t) => {
    const { bench, send, count } = await setUp(t);
    const device = await bench.connect();
    await device.subscribe([filter, qos]);
    for (const body of ['1', '2', '3']) await send(body);
    await until('all have come', () => device.messages.length === 3);
    assert.deepEqual(
      device.messages.map(({ body }) => body),
      ['1', '2', '3'],
    );
    await until('nothing waits', async () => (await count()) === 0);
  });
}

test('a client that does not listen gets nothing, and what waits is kept for it', async (t) => {
  const { bench, send, count } = await setUp(t);
  const device = await bench.connect();
  await send('1');
  await settled();
  assert.equal(device.messages.length, 0);
  await device.subscribe([filter, 1]);
  assert.equal((await device.message(prefix)).body, '1');
  await device.unsubscribe(filter);
  await send('2');
  await settled();
  assert.equal(device.messages.length, 0);
  assert.equal(await count(), 1);
});

test('hub 29: a stored session gets what waits without a new SUBSCRIBE, behind its CONNACK', async (t) => {
  const { bench, send } = await setUp(t);
  const before = await bench.connect({ cleanSession: false });
  await before.subscribe([filter, 1]);
  await before.disconnect();
  for (const body of ['1', '2']) await send(body);
  const device = await bench.connect({ cleanSession: false });
  assert.deepEqual(device.answer, { code: 0, sessionPresent: true });
  assert.equal((await device.message(prefix)).body, '1');
  assert.equal((await device.message(prefix)).body, '2');
});

test('a clean session drops the subscription and keeps the queue', async (t) => {
  const { bench, send, count } = await setUp(t);
  const before = await bench.connect({ cleanSession: false });
  await before.subscribe([filter, 1]);
  await before.disconnect();
  await send('1');
  const device = await bench.connect({ cleanSession: true });
  await settled();
  assert.equal(device.messages.length, 0);
  assert.equal(await count(), 1);
  await device.subscribe([filter, 1]);
  assert.equal((await device.message(prefix)).body, '1');
});

test('hub 51: what was not acknowledged comes again after a reconnect, in its order and not abandoned by that', async (t) => {
  const { bench, send, count } = await setUp(t);
  const first = await bench.connect();
  await first.subscribe([filter, 1]);
  // The client's PUBACKs are lost.
  first.client.takeOutput = () => undefined;
  for (const body of ['1', '2']) await send(body);
  await until('both have come', () => first.messages.length === 2);
  first.cut();
  const device = await bench.connect();
  assert.equal((await device.message(prefix)).body, '1');
  assert.equal((await device.message(prefix)).body, '2');
  await until('nothing waits', async () => (await count()) === 0);
});

test('what is not acknowledged within a minute comes again on the same connection, and late PUBACKs harm nothing', async (t) => {
  const { bench, send, count } = await setUp(t);
  const device = await bench.connect({ keepAliveSeconds: 0 });
  await device.subscribe([filter, 1]);
  const take = device.client.takeOutput.bind(device.client);
  const late: Buffer[] = [];
  device.client.takeOutput = () => {
    late.push(take() ?? Buffer.alloc(0));
    return undefined;
  };
  await send('1');
  await until('it has come', () => device.messages.length === 1);
  await settled();
  bench.clock.advance(minuteMs);
  await until('it has come again', () => device.messages.length === 2);
  assert.equal(await count(), 1);
  device.client.takeOutput = () => Buffer.concat([...late.splice(0), take() ?? Buffer.alloc(0)]);
  await device.send('devices/dev1/messages/events/', '{}');
  await until('nothing waits', async () => (await count()) === 0);
  assert.equal(device.closed, undefined);
});

test('a newcomer of the same device takes the delivery over', async (t) => {
  const { bench, send } = await setUp(t);
  const first = await bench.connect();
  await first.subscribe([filter, 1]);
  const second = await bench.connect();
  await until('the first is sent away', () => first.closed !== undefined);
  await send('1');
  assert.equal((await second.message(prefix)).body, '1');
  assert.equal(first.messages.length, 0);
});

test('fifty large messages reach a client although they do not fit its connection at once', async (t) => {
  const { bench, send, count } = await setUp(t);
  const large = 'x'.repeat(64 * 1024);
  for (let i = 0; i < 50; i++) await send(large);
  const device = await bench.connect();
  await device.subscribe([filter, 1]);
  await until('all have come', () => device.messages.length === 50);
  await until('nothing waits', async () => (await count()) === 0);
});

test('a message of which the time is over is never delivered', async (t) => {
  const { bench, send } = await setUp(t);
  await send('old', { expiresAt: instant(bench.clock.now() + minuteMs) });
  await send('new');
  bench.clock.advance(minuteMs);
  const device = await bench.connect();
  await device.subscribe([filter, 1]);
  assert.equal((await device.message(prefix)).body, 'new');
});

for (const own of ['devices/dev1/modules/m/messages/devicebound/#', 'devices/dev1/modules/m/#']) {
  test(`hub 67: a module that subscribes ${own} gets its own messages and not its device’s`, async (t) => {
    const { bench, send } = await setUp(t);
    await bench.addModule('dev1', 'm');
    const module = await bench.connect({ moduleId: 'm' });
    assert.deepEqual(await module.subscribe([own, 1]), [1]);
    await send('for the device');
    await send('for the module', {}, 'dev1/m');
    assert.deepEqual(await module.message('devices/'), {
      topic: 'devices/dev1/modules/m/messages/devicebound/%24.to=%2Fdevices%2Fdev1%2Fmodules%2Fm%2Fmessages%2FdeviceBound',
      body: 'for the module',
    });
    await settled();
    assert.equal(module.messages.length, 0);
  });
}

test('a device that is deleted loses its session and what waited for it', async (t) => {
  const { bench, send, count } = await setUp(t);
  const device = await bench.connect();
  await device.subscribe([filter, 1]);
  await bench.hub.registry.delete('dev1');
  assert.ok(device.closed);
  await assert.rejects(send('x'), { code: 'device-not-found' });
  assert.equal(await count(), 0);
});
