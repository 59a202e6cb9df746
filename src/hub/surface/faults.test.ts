import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type HubBench, openHubBench, parseBody, settled, telemetryTopic, until } from '#test/support/hub-bench.ts';

const fault = (type: string, more = '') => `AzIoTHub_FaultOperationType=${type}${more}`;
const device = (deviceId: string) => ({ kind: 'device', deviceId }) as const;

describe('faults on MQTT', () => {
  let bench: HubBench;
  let made = 0;
  before(async () => {
    bench = await openHubBench({ faults: 'messages' });
  });
  after(() => bench.close());
  afterEach(() => void bench.hub.faults?.rules.clear());

  async function connected() {
    const deviceId = `dev${++made}`;
    await bench.addDevice(deviceId);
    const topic = (bag = '') => telemetryTopic(deviceId, bag);
    return { deviceId, device: await bench.connect({ deviceId }), topic };
  }

  const rules = () => {
    assert.ok(bench.hub.faults);
    return bench.hub.faults.rules;
  };
  const bodies = async (deviceId: string) =>
    (await bench.stored('Telemetry')).filter((event) => event.deviceId === deviceId).map(({ body }) => body.toString());
  /** Sends, and says whether the acknowledgement has come. */
  function sending(sent: Promise<void>) {
    let isAcknowledged = false;
    sent.then(
      () => {
        isAcknowledged = true;
      },
      () => {},
    );
    return () => isAcknowledged;
  }

  test('a fault happens after its delay, and the message that asked for it was acknowledged before', async () => {
    const { deviceId, device, topic } = await connected();
    await device.send(topic(fault('KillTcp', '&AzIoTHub_FaultOperationDelayInSecs=3')), 'fault');
    bench.clock.advance(2_900);
    await settled();
    assert.equal(device.closed, undefined);
    bench.clock.advance(100);
    await until('the session ends', () => device.closed !== undefined);
    assert.equal(device.closed, 'fault-injected');
    assert.equal((await bench.hub.presence.load(deviceId))?.cause, 'fault-injected');
    assert.deepEqual(await bodies(deviceId), []);
  });

  test('without a delay the acknowledgement still comes first', async () => {
    const { device, topic } = await connected();
    await device.send(topic(fault('ShutDownMqtt')), 'fault');
    assert.equal(device.closed, undefined);
    bench.clock.advance(100);
    assert.equal(device.closed, 'fault-injected');
  });

  test('a fault that waits ends with the connection that asked for it', async () => {
    const { deviceId, device, topic } = await connected();
    await device.send(topic(fault('KillTcp', '&AzIoTHub_FaultOperationDelayInSecs=3')), 'fault');
    const second = await bench.connect({ deviceId });
    bench.clock.advance(60_000);
    assert.equal(second.closed, undefined);
  });

  test('at most ten wait on a connection; the next is acknowledged and never happens', async () => {
    const { device, topic } = await connected();
    for (let i = 0; i < 10; i++) {
      await device.send(topic(fault('KillAmqpSession', '&AzIoTHub_FaultOperationDelayInSecs=1')), 'fault');
    }
    await device.send(topic(fault('KillTcp', '&AzIoTHub_FaultOperationDelayInSecs=1')), 'fault');
    bench.clock.advance(2_000);
    await settled();
    assert.equal(device.closed, undefined);
  });

  test('while a fault refuses, a message ends the connection and is not stored', async () => {
    const { deviceId, device, topic } = await connected();
    await device.send(topic(fault('InvokeThrottling')), 'fault');
    const isAcknowledged = sending(device.send(topic(), 'during'));
    await until('the session ends', () => device.closed !== undefined);
    assert.equal(isAcknowledged(), false);
    const second = await bench.connect({ deviceId });
    await second.send(topic(), 'during');
    assert.deepEqual(await bodies(deviceId), ['during']);
  });

  test('a fault that refused is over after its duration', async () => {
    const { deviceId, device, topic } = await connected();
    await device.send(topic(fault('InvokeAuthError', '&AzIoTHub_FaultOperationDurationInSecs=5')), 'fault');
    bench.clock.advance(5_000);
    await device.send(topic(), 'after');
    assert.deepEqual(await bodies(deviceId), ['after']);
  });

  test('latency holds back acknowledgements and answers of twins, of a session that was there before the rule', async () => {
    const { deviceId, device: client, topic } = await connected();
    await client.subscribe('$iothub/twin/res/#');
    rules().add({ target: device(deviceId), effect: { kind: 'latency', ms: 800 } });
    const isAcknowledged = sending(client.send(topic(), 'late'));
    await until('it is stored', async () => (await bodies(deviceId)).length === 1);
    client.sendOnce('$iothub/twin/GET/?$rid=1');
    await settled();
    assert.equal(isAcknowledged(), false);
    assert.deepEqual(client.messages, []);
    bench.clock.advance(800);
    await until('it is acknowledged', isAcknowledged);
    assert.match((await client.message('$iothub/twin/res/200')).topic, /\$rid=1/);
  });

  test('dropped messages are neither acknowledged nor stored', async () => {
    const { deviceId, device: client, topic } = await connected();
    const { rule } = rules().add({ target: device(deviceId), effect: { kind: 'drop' } });
    const isAcknowledged = sending(client.send(topic(), 'gone'));
    await settled();
    bench.clock.advance(1_000);
    assert.deepEqual([isAcknowledged(), client.closed, await bodies(deviceId)], [false, undefined, []]);
    rules().remove(rule?.id ?? '');
    client.cut();
    const second = await bench.connect({ deviceId });
    await second.send(topic(), 'again', { dup: true });
    assert.deepEqual(await bodies(deviceId), ['again']);
  });

  test('killing ends the sessions that are meant and no other, once or again and again', async () => {
    const one = await connected();
    const other = await connected();
    assert.deepEqual(rules().add({ target: device(one.deviceId), effect: { kind: 'kill' }, protocol: 'amqp' }), { killed: 0 });
    assert.deepEqual(rules().add({ target: device(one.deviceId), effect: { kind: 'kill' } }), { killed: 1 });
    assert.deepEqual([one.device.closed, other.device.closed], ['fault-injected', undefined]);
    rules().add({ target: device(one.deviceId), effect: { kind: 'kill', everyMs: 10_000 } });
    const second = await bench.connect({ deviceId: one.deviceId });
    bench.clock.advance(9_999);
    assert.equal(second.closed, undefined);
    bench.clock.advance(1);
    assert.equal(second.closed, 'fault-injected');
    assert.equal(other.device.closed, undefined);
  });

  test('who is throttled is answered 429 by its twin, and its messages end the connection', async () => {
    const { deviceId, device: client, topic } = await connected();
    await client.subscribe('$iothub/twin/res/#');
    rules().add({ target: device(deviceId), effect: { kind: 'throttle' } });
    client.sendOnce('$iothub/twin/GET/?$rid=1');
    assert.equal(parseBody(await client.message('$iothub/twin/res/429')).errorCode, 429001);
    client.sendOnce('$iothub/twin/PATCH/properties/reported/?$rid=2', '{"a":1}');
    await client.message('$iothub/twin/res/429');
    const isAcknowledged = sending(client.send(topic(), 'much'));
    await until('the session ends', () => client.closed !== undefined);
    assert.deepEqual([isAcknowledged(), await bodies(deviceId)], [false, []]);
  });

  test('who is refused gets CONNACK 5 whatever it shows, stays connected if it is, and the refusal says which rule', async () => {
    const { deviceId, device: client, topic } = await connected();
    const { rule } = rules().add({ target: device(deviceId), effect: { kind: 'refuse' } });
    await client.send(topic(), 'still here');
    const second = await bench.connect({ deviceId });
    assert.equal(second.answer.code, 5);
    const [refusal] = await bench.refusals.list({ subject: deviceId });
    assert.deepEqual([refusal?.reason, refusal?.fix], ['fault-injected', `homeport faults remove ${rule?.id}`]);
    rules().remove(rule?.id ?? '');
    assert.equal((await bench.connect({ deviceId })).answer.code, 0);
  });
});

test('where only rules are allowed, what asks for a fault is stored like any other message', async (t) => {
  const bench = await openHubBench({ faults: 'rules' });
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  const device = await bench.connect();
  await device.send(telemetryTopic('dev1', fault('KillTcp')), 'fault');
  bench.clock.advance(60_000);
  assert.equal((await bench.stored('Telemetry')).length, 1);
  assert.equal(device.closed, undefined);
});
