import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { minuteMs, secondMs } from '#base/instant.ts';
import { type HubBench, openHubBench, settled, type TestDevice, telemetryTopic, until } from '#test/support/hub-bench.ts';
import type { Rate, Rates } from '../quotas/rates.ts';

const perSecond = (count: number): Rate => ({ count, perMs: secondMs });

async function setUp(t: TestContext, { device = {}, hub = {} }: { device?: Rates; hub?: Rates }) {
  const bench = await openHubBench({ quotas: { device, hub, patienceMs: minuteMs } });
  t.after(() => bench.close());
  return bench;
}

/** Sends `count` messages at once, n from `from` on, and says how many were acknowledged so far. */
function flood(device: TestDevice, deviceId: string, count: number, from = 0) {
  const acknowledged: number[] = [];
  for (let n = from; n < from + count; n++) {
    device.client.publish({ topic: telemetryTopic(deviceId), payload: String(n), qos: 1 }, () => acknowledged.push(n));
  }
  return acknowledged;
}

const bodiesOf = async (bench: HubBench, deviceId: string) =>
  (await bench.stored('Telemetry')).filter((event) => event.deviceId === deviceId).map((event) => Number(event.body));

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test('above its rate a device waits for its acknowledgements; nothing is lost and the order stays', async (t) => {
  const bench = await setUp(t, { device: { telemetry: perSecond(5) } });
  await bench.addDevice('dev1');
  const device = await bench.connect();
  const acknowledged = flood(device, 'dev1', 20);
  await until('what may be sent at once is acknowledged', () => acknowledged.length === 5);
  await settled();
  assert.equal(acknowledged.length, 5);
  for (let n = 6; n <= 20; n++) {
    bench.clock.advance(200);
    await until(`${n} are acknowledged`, () => acknowledged.length === n);
    await settled();
    assert.equal(acknowledged.length, n);
  }
  assert.deepEqual(acknowledged, numbers(20));
  assert.deepEqual(await bodiesOf(bench, 'dev1'), numbers(20));
  assert.equal(device.closed, undefined);
});

test('a neighbour is acknowledged at once, however much another sends, on its own rate and on the hub’s', async (t) => {
  const bench = await setUp(t, { device: { telemetry: perSecond(50) }, hub: { telemetry: perSecond(20) } });
  for (const deviceId of ['noisy', 'steady']) await bench.addDevice(deviceId);
  const noisy = await bench.connect({ deviceId: 'noisy' });
  const steady = await bench.connect({ deviceId: 'steady' });
  let sent = 0;
  for (let round = 0; round < 20; round++) {
    // Ten times what the hub takes of all in the time of a round.
    for (let i = 0; i < 40; i++) noisy.sendOnce(telemetryTopic('noisy'), String(sent++));
    await settled();
    // Nobody's clock moves until it is acknowledged.
    await steady.send(telemetryTopic('steady'), String(round));
    bench.clock.advance(200);
  }
  await settled();
  assert.deepEqual(await bodiesOf(bench, 'steady'), numbers(20));
  const noise = await bodiesOf(bench, 'noisy');
  // 20 at once and 80 in four seconds, less what the other had; what is on credit may come on top.
  assert.ok(noise.length <= 20 + 80 - 20 + 2, `${noise.length}`);
  assert.ok(noise.length >= 20 + 80 - 20 - 4, `${noise.length}`);
  assert.deepEqual(noise, numbers(noise.length), 'in the order in which it sent them');
});

test('who connects anew waits for what it sent before', async (t) => {
  const bench = await setUp(t, { device: { telemetry: perSecond(1) } });
  await bench.addDevice('dev1');
  const first = await bench.connect();
  await first.send(telemetryTopic('dev1'), '0');
  first.cut();
  const second = await bench.connect();
  const acknowledged = flood(second, 'dev1', 1, 1);
  await settled();
  assert.deepEqual(acknowledged, []);
  bench.clock.advance(secondMs);
  await until('it is acknowledged', () => acknowledged.length === 1);
});

test('while it waits its keep-alive does not run out, and what it asks is answered behind its messages', async (t) => {
  const bench = await setUp(t, { device: { telemetry: { count: 1, perMs: minuteMs } } });
  await bench.addDevice('dev1');
  const device = await bench.connect({ keepAliveSeconds: 10 });
  await device.subscribe('$iothub/twin/res/#');
  await device.send(telemetryTopic('dev1'));
  device.sendOnce('$iothub/twin/GET/?$rid=1', ' ');
  await settled();
  bench.clock.advance(50 * secondMs);
  device.server.checkKeepAlive(bench.clock.monotonic());
  assert.equal(device.closed, undefined);
  assert.equal(device.server.wantsInput, false);
  bench.clock.advance(10 * secondMs);
  await device.message('$iothub/twin/res/200/?$rid=1');
  assert.equal(device.server.wantsInput, true);
});

test('who sends more than it may for longer than the hub is patient is disconnected, and the page says why', async (t) => {
  const bench = await setUp(t, { device: { telemetry: perSecond(1) } });
  await bench.addDevice('dev1');
  const device = await bench.connect({ keepAliveSeconds: 0 });
  const acknowledged = flood(device, 'dev1', 40);
  for (let seconds = 1; seconds <= 39; seconds++) {
    await until('the next is acknowledged', () => acknowledged.length === seconds);
    bench.clock.advance(secondMs);
  }
  const later = flood(device, 'dev1', 40, 40);
  for (let seconds = 39; seconds <= 60; seconds++) {
    await until('the next is acknowledged', () => acknowledged.length + later.length === seconds + 1);
    assert.equal(device.closed, undefined);
    bench.clock.advance(secondMs);
  }
  await until('it is disconnected', () => device.closed !== undefined);
  assert.equal(device.closed, 'throttled');
  const refusal = await bench.refusal();
  assert.equal(refusal?.reason, 'rate-limited');
  assert.match(refusal?.detail ?? '', /more than it may for too long/);
  const stored = await bodiesOf(bench, 'dev1');
  for (const n of [...acknowledged, ...later]) assert.ok(stored.includes(n), `message ${n} was acknowledged`);
});

test('who keeps to its rate is patient itself: pauses of a second forgive what was before', async (t) => {
  const bench = await setUp(t, { device: { telemetry: perSecond(1) } });
  await bench.addDevice('dev1');
  const device = await bench.connect({ keepAliveSeconds: 0 });
  for (let n = 0; n < 100; n++) {
    await device.send(telemetryTopic('dev1'), String(n));
    bench.clock.advance(2 * secondMs);
  }
  assert.equal(device.closed, undefined);
});

test('a connection above the rate is answered 3, and the one before it stays', async (t) => {
  const bench = await setUp(t, { device: { connections: { count: 2, perMs: minuteMs } } });
  await bench.addDevice('dev1');
  await (await bench.connect()).disconnect();
  const second = await bench.connect();
  assert.equal((await bench.connect()).answer.code, 3);
  assert.equal(second.closed, undefined);
  await second.send(telemetryTopic('dev1'));
  assert.equal((await bench.refusal())?.reason, 'rate-limited');
  bench.clock.advance(30 * secondMs);
  assert.equal((await bench.connect()).answer.code, 0);
});

test('strangers use up nobody’s rate', async (t) => {
  const bench = await setUp(t, { device: { connections: { count: 1, perMs: minuteMs } } });
  const own = await bench.addDevice('dev1');
  const stranger = await bench.addDevice('other');
  for (let i = 0; i < 5; i++) assert.equal((await bench.connect({ certificates: [stranger] })).answer.code, 5);
  assert.equal((await bench.connect({ certificates: [own] })).answer.code, 0);
});
