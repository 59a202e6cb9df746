import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { type AmqpTestClient, errorIn, outcomeOf } from '#test/support/amqp-client.ts';
import { type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';

const accepted = 0x24;
const rejected = 0x25;

describe('faults on AMQP', () => {
  let bench: HubBench;
  let amqp: AmqpBench;
  beforeEach(async () => {
    bench = await openHubBench({ faults: 'messages' });
    amqp = openAmqpBench(bench);
  });
  afterEach(async () => {
    amqp.stop();
    await bench.close();
  });

  /** Two devices by key on one connection, with links for telemetry at handles 2 and 3. */
  async function two(): Promise<AmqpTestClient> {
    const client = amqp.dial();
    client.open();
    client.cbs();
    for (const [i, deviceId] of ['one', 'two'].entries()) {
      await amqp.addKeyDevice(deviceId);
      client.putToken(i, amqp.token(deviceId), `${hubHost}/devices/${deviceId}`);
      assert.equal((await client.cbsReply()).status, 200);
      client.attach({ handle: 2 + i, address: `/devices/${deviceId}/messages/events`, isSender: true });
      await client.next(performative.flow);
    }
    return client;
  }

  const payload = (body: string, application: Record<string, string> = {}) =>
    encodeMessage({
      application: Object.entries(application).map(([key, value]) => [key, encode.string(value)] as const),
      data: Buffer.from(body),
    });
  const fault = (type: string) =>
    payload('fault', { AzIoTHub_FaultOperationType: type, AzIoTHub_FaultOperationCloseReason: 'boom' });
  const rules = () => {
    assert.ok(bench.hub.faults);
    return bench.hub.faults.rules;
  };
  const device = { kind: 'device', deviceId: 'one' } as const;
  const bodies = async () => (await bench.stored('Telemetry')).map(({ body }) => body.toString());
  const cause = async (deviceId: string) => (await bench.hub.presence.load(deviceId))?.cause;

  async function outcome(client: AmqpTestClient, handle: number, deliveryId: number, bytes: Buffer) {
    client.transfer({ handle, deliveryId, payload: bytes });
    return outcomeOf(await client.next(performative.disposition));
  }

  test('a cut line is gone without a word, for everybody on it', async () => {
    const client = await two();
    assert.equal(await outcome(client, 2, 2, fault('KillTcp')), accepted);
    client.frames.length = 0;
    bench.clock.advance(100);
    await client.end();
    assert.deepEqual(client.frames, []);
    assert.deepEqual([await cause('one'), await cause('two')], ['fault-injected', 'fault-injected']);
    assert.deepEqual(await bodies(), []);
  });

  test('a killed connection says why, one that is shut down says nothing wrong', async () => {
    const killed = await two();
    assert.equal(await outcome(killed, 2, 2, fault('KillAmqpConnection')), accepted);
    bench.clock.advance(100);
    const close = await killed.next(performative.close);
    assert.equal(errorIn(close).condition, 'amqp:connection:forced');
    assert.match(JSON.stringify(close.fields), /boom/);
    await killed.end();
    const client = amqp.dial([await bench.addDevice('x509-1')]);
    client.open();
    client.attach({ handle: 0, address: '/devices/x509-1/messages/events', isSender: true });
    await client.next(performative.flow);
    assert.equal(await outcome(client, 0, 0, fault('ShutDownAmqp')), accepted);
    bench.clock.advance(100);
    assert.deepEqual((await client.next(performative.close)).fields, []);
    assert.equal(await cause('x509-1'), 'fault-injected');
  });

  test('a killed link leaves the connection and the other device alone, and may be opened again', async () => {
    const client = await two();
    assert.equal(await outcome(client, 2, 2, fault('KillAmqpD2CLink')), accepted);
    bench.clock.advance(100);
    assert.equal((await client.error(performative.detach)).condition, 'amqp:link:detach-forced');
    assert.deepEqual([await cause('one'), bench.hub.presence.isConnected('two')], ['fault-injected', true]);
    assert.equal(await outcome(client, 3, 3, payload('two')), accepted);
    client.attach({ handle: 4, address: '/devices/one/messages/events', isSender: true });
    await client.next(performative.flow);
    assert.equal(await outcome(client, 4, 4, payload('one')), accepted);
    assert.deepEqual(await bodies(), ['two', 'one']);
  });

  test('a killed session says why; what was sent before the peer knew is passed over, and another session may begin', async () => {
    const client = await two();
    assert.equal(await outcome(client, 2, 2, fault('KillAmqpSession')), accepted);
    bench.clock.advance(100);
    client.transfer({ handle: 3, deliveryId: 3, payload: payload('too late') });
    client.attach({ handle: 5, address: '/devices/two/messages/devicebound', isSender: false });
    assert.equal((await client.error(performative.end)).condition, 'amqp:link:detach-forced');
    assert.deepEqual([await cause('one'), await cause('two')], ['fault-injected', 'fault-injected']);
    client.send(performative.end, []);
    await settled();
    client.begin(1);
    client.attach({ handle: 0, address: '/devices/two/messages/events', isSender: true, channel: 1, name: 'again' });
    await client.next(performative.flow);
    client.transfer({ handle: 0, deliveryId: 0, payload: payload('again'), channel: 1 });
    assert.equal(outcomeOf(await client.next(performative.disposition)), accepted);
    assert.deepEqual(await bodies(), ['again']);
  });

  test('a link that is not there cannot be killed: the message is taken and nothing happens', async () => {
    const client = await two();
    for (const [i, type] of ['KillAmqpTwinLinkReq', 'KillAmqpMethodRespLink', 'KillAmqpC2DLink', 'ShutDownMqtt'].entries()) {
      assert.equal(await outcome(client, 2, 2 + i, fault(type)), accepted);
    }
    bench.clock.advance(100);
    assert.equal(await outcome(client, 2, 6, payload('one')), accepted);
  });

  test('throttled messages are rejected as that, dropped ones not answered, and late ones answered later', async () => {
    const client = await two();
    rules().add({ target: device, effect: { kind: 'throttle' } });
    client.transfer({ handle: 2, deliveryId: 2, payload: payload('much') });
    const disposition = await client.next(performative.disposition);
    assert.equal(outcomeOf(disposition), rejected);
    assert.match(JSON.stringify(disposition.fields), /device-container-throttled/);
    rules().clear();
    rules().add({ target: device, effect: { kind: 'drop' } });
    client.transfer({ handle: 2, deliveryId: 3, payload: payload('gone') });
    assert.equal(await outcome(client, 3, 4, payload('of the other')), accepted);
    rules().clear();
    rules().add({ target: device, effect: { kind: 'latency', ms: 500 } });
    client.transfer({ handle: 2, deliveryId: 5, payload: payload('late') });
    await until('it is stored', async () => (await bodies()).includes('late'));
    await settled();
    assert.equal(client.frames.filter(({ code }) => code === performative.disposition).length, 0);
    bench.clock.advance(500);
    assert.equal(outcomeOf(await client.next(performative.disposition)), accepted);
    assert.deepEqual(await bodies(), ['of the other', 'late']);
  });

  test('who is refused opens no link, and the refusal says which rule', async () => {
    await amqp.addKeyDevice('one');
    const { rule } = rules().add({ target: device, effect: { kind: 'refuse' }, protocol: 'amqp' });
    const client = amqp.dial();
    client.open();
    client.cbs();
    client.putToken(0, amqp.token('one'), `${hubHost}/devices/one`);
    assert.equal((await client.cbsReply()).status, 200);
    client.attach({ handle: 2, address: '/devices/one/messages/events', isSender: true });
    assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
    const refusal = await bench.refusal();
    assert.deepEqual([refusal?.reason, refusal?.fix], ['fault-injected', `homeport faults remove ${rule?.id}`]);
  });
});
