import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerLimits } from '#hub/broker/limits.ts';
import { openHubBench, telemetryTopic, until } from '#test/support/hub-bench.ts';

const tooLarge = Buffer.alloc(256 * 1024 + 1);

test('a message that is too large ends the connection, and the refusal names the setting that would drop it', async (t) => {
  const bench = await openHubBench();
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  const device = await bench.connect();
  device.client.publish({ topic: telemetryTopic('dev1'), payload: tooLarge, qos: 1 });
  await until('the connection ends', () => device.closed !== undefined);
  const refusal = await bench.refusal();
  assert.equal(refusal?.reason, 'message-too-large');
  assert.match(refusal?.fix ?? '', /hub\.oversizePublish = "drop"/);
});

test('where it is to be dropped it is acknowledged in its place, and what properties make too large as well', async (t) => {
  const bench = await openHubBench({ oversizePublish: 'drop' });
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  const device = await bench.connect();
  await device.send(telemetryTopic('dev1'), tooLarge);
  await device.send(telemetryTopic('dev1', 'a=1'), tooLarge.subarray(1));
  await device.send(telemetryTopic('dev1'), 'small');
  assert.equal(device.closed, undefined);
  assert.deepEqual(
    (await bench.stored('Telemetry')).map(({ body }) => body.toString()),
    ['small'],
  );
  const refusal = await bench.refusal();
  assert.equal(refusal?.reason, 'message-too-large');
  assert.equal(refusal?.times, 2);
});

test('that does not open the telemetry of another device', async (t) => {
  const bench = await openHubBench({ oversizePublish: 'drop' });
  t.after(() => bench.close());
  await bench.addDevice('dev1');
  const device = await bench.connect();
  device.client.publish({ topic: telemetryTopic('dev2'), payload: tooLarge, qos: 1 });
  await until('the connection ends', () => device.closed !== undefined);
  assert.equal(device.closed, 'protocol-violation');
});

test('without a broker there is no door for it', async (t) => {
  const [without, withOne] = [await openHubBench(), await openHubBench({ broker: brokerLimits })];
  t.after(() => Promise.all([without.close(), withOne.close()]));
  assert.equal(without.hub.brokerMqtt, undefined);
  assert.notEqual(withOne.hub.brokerMqtt, undefined);
});
