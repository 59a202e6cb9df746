import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { openAmqpBench } from '#test/support/amqp-bench.ts';
import { outcomeOf } from '#test/support/amqp-client.ts';
import { openHubBench, settled, until } from '#test/support/hub-bench.ts';
import { openHubService } from '#test/support/service-client.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage } from '#wire/amqp/message.ts';

const own = 'devices/dev1/modules/m';
const bag = '%24.to=%2Fdevices%2Fdev1%2Fmodules%2Fm%2Finputs%2Fin1';
const accepted = 0x24;
const released = 0x26;

async function setUp(t: TestContext) {
  const bench = await openHubBench();
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  await bench.addModule('dev1', 'm');
  const { cloudToDevice } = bench.hub;
  return {
    bench,
    send: (body: string, input?: string) => cloudToDevice.send('dev1/m', { body: Buffer.from(body), input }),
    waiting: async () => [await cloudToDevice.count('dev1/m'), await cloudToDevice.countInputs('dev1/m')],
  };
}

describe('inputs of modules on MQTT', () => {
  for (const filter of [`${own}/inputs/#`, `${own}/#`]) {
    test(`hub 66: under ${filter} a message comes on the topic of its input, and PUBACK completes it`, async (t) => {
      const { bench, send, waiting } = await setUp(t);
      await send('while it was away', 'in1');
      const module = await bench.connect({ moduleId: 'm' });
      assert.deepEqual(await module.subscribe([filter, 1]), [1]);
      assert.deepEqual(await module.message('devices/'), { topic: `${own}/inputs/in1/${bag}`, body: 'while it was away' });
      await send('while it is there', 'other_2.x');
      assert.equal((await module.message(`${own}/inputs/other_2.x/`)).body, 'while it is there');
      await until('both are complete', async () => (await waiting())[1] === 0);
    });
  }

  test('messages and inputs do not wait for each other, and each comes under its own filter', async (t) => {
    const { bench, send, waiting } = await setUp(t);
    await send('for the module');
    await send('for the input', 'in1');
    const module = await bench.connect({ moduleId: 'm' });
    await module.subscribe([`${own}/inputs/#`, 1]);
    assert.equal((await module.message('devices/')).body, 'for the input');
    await settled();
    assert.deepEqual([module.messages.length, await waiting()], [0, [1, 0]]);
    await module.subscribe([`${own}/messages/devicebound/#`, 1]);
    assert.equal((await module.message(`${own}/messages/devicebound/`)).body, 'for the module');
    await module.unsubscribe(`${own}/inputs/#`);
    await send('nobody asks for it', 'in1');
    await settled();
    assert.deepEqual([module.messages.length, await waiting()], [0, [0, 1]]);
  });

  test('what was not acknowledged comes again when the module does', async (t) => {
    const { bench, send, waiting } = await setUp(t);
    const first = await bench.connect({ moduleId: 'm' });
    await first.subscribe([`${own}/inputs/#`, 1]);
    await send('again', 'in1');
    // The bytes lie in its output; nobody reads them any more.
    first.cut();
    const second = await bench.connect({ moduleId: 'm' });
    assert.equal((await second.message(`${own}/inputs/in1/`)).body, 'again');
    await until('it is complete', async () => (await waiting())[1] === 0);
  });
});

describe('inputs of modules on AMQP', () => {
  test('hub 66: a module receives them where it sends telemetry, with the input as annotation, and settles them', async (t) => {
    const { bench, send, waiting } = await setUp(t);
    const amqp = openAmqpBench(bench);
    t.after(() => amqp.stop());
    const client = amqp.dial([...bench.ownCertificates].filter(([name]) => name === 'dev1/m').map(([, own]) => own));
    client.open();
    client.attach({ handle: 2, address: '/devices/dev1/modules/m/messages/events', isSender: false });
    client.attach({ handle: 3, address: '/devices/dev1/modules/m/messages/devicebound', isSender: false });
    client.flow(2, 1);
    client.flow(3, 1);
    await send('for the module');
    await send('for the input', 'in1');
    const next = async () => {
      const frame = await client.next(performative.transfer);
      const message = decodeMessage(frame.payload);
      return { handle: frame.fields[0], id: Number(frame.fields[1]), message, body: Buffer.concat(message.data).toString() };
    };
    const both = [await next(), await next()].sort((a, b) => Number(a.handle) - Number(b.handle));
    const [input, plain] = both;
    assert.ok(input && plain);
    assert.deepEqual([input.body, plain.body], ['for the input', 'for the module']);
    assert.equal(input.message.annotations.get('x-opt-input-name'), 'in1');
    assert.equal(input.message.properties.get('to'), '/devices/dev1/modules/m/inputs/in1');
    assert.equal(plain.message.annotations.get('x-opt-input-name'), undefined);
    client.settle(plain.id, accepted);
    client.settle(input.id, released);
    client.flow(2, 2);
    const again = await next();
    assert.deepEqual([again.body, again.message.annotations.get('iothub-deliverycount')], ['for the input', 1]);
    client.settle(again.id, accepted);
    await until('both are complete', async () => (await waiting()).every((count) => count === 0));
  });

  test('what waits comes behind the answer to attach, when its credit came along with that', async (t) => {
    const { bench, send } = await setUp(t);
    const amqp = openAmqpBench(bench);
    t.after(() => amqp.stop());
    await send('waits', 'in1');
    const client = amqp.dial([...bench.ownCertificates].filter(([name]) => name === 'dev1/m').map(([, own]) => own));
    client.open();
    client.attach({ handle: 2, address: '/devices/dev1/modules/m/messages/events', isSender: false });
    client.flow(2, 1);
    const place = (code: number) => client.frames.findIndex((frame) => frame.code === code);
    await until('the message comes', () => place(performative.transfer) >= 0);
    const attached = place(performative.attach);
    assert.ok(attached >= 0 && attached < place(performative.transfer));
  });

  test('a device has no inputs: its link there stays empty and its telemetry goes on', async (t) => {
    const { bench } = await setUp(t);
    const amqp = openAmqpBench(bench);
    t.after(() => amqp.stop());
    const client = amqp.dial([await bench.addDevice('dev2')]);
    client.open();
    client.attach({ handle: 2, address: '/devices/dev2/messages/events', isSender: false });
    client.attach({ handle: 3, address: '/devices/dev2/messages/events', isSender: true });
    client.flow(2, 1);
    await client.next(performative.flow);
    client.transfer({ handle: 3, deliveryId: 0, payload: Buffer.from('005375a00178', 'hex') });
    assert.equal(outcomeOf(await client.next(performative.disposition)), accepted);
  });
});

describe('inputs of modules, from a back end', () => {
  test('a message to an input is queued with its properties; what is no input is refused', async (t) => {
    const { bench, client, close } = await openHubService();
    t.after(close);
    await bench.addDevice('dev1');
    await bench.addModule('dev1', 'm');
    const ask = (path: string) =>
      client.ask('POST', path, {
        body: '21.5',
        headers: { 'content-type': 'text/plain', 'iothub-messageid': 'm-1', 'iothub-app-unit': 'C' },
      });
    assert.equal((await ask('/devices/dev1/modules/m/inputs/in1')).status, 204);
    const module = await bench.connect({ moduleId: 'm' });
    await module.subscribe([`${own}/inputs/#`, 1]);
    const { topic, body } = await module.message('devices/');
    assert.deepEqual([topic, body], [`${own}/inputs/in1/%24.mid=m-1&${bag}&%24.ct=text%2Fplain&unit=C`, '21.5']);
    assert.equal((await ask('/devices/dev1/modules/m/inputs/a%20b')).status, 400);
    assert.equal((await ask('/devices/dev1/modules/n/inputs/in1')).status, 404);
    assert.equal((await ask('/devices/nobody/modules/m/inputs/in1')).status, 404);
  });
});
