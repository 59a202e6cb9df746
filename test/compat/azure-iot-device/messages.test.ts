import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import type { WireDevice } from '#test/support/wire-device.ts';

const parse = (message: { body: string }) => JSON.parse(message.body) as Record<string, Record<string, unknown>>;

describe('messages, methods and twins, on the wire as other SDKs do them', () => {
  let bench: CompatBench;
  let made = 0;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  async function connected(options: Parameters<CompatBench['dialHub']>[2] = {}) {
    const deviceId = `wire-${++made}`;
    const identity = await bench.registerThermometer(deviceId);
    const device = await bench.dialHub(identity, deviceId, options);
    assert.equal(device.code, 0);
    return { deviceId, identity, device };
  }

  const command = (deviceId: string, body: Record<string, unknown>) =>
    bench.central.call('POST', `/api/devices/${deviceId}/commands/displayAlert`, body);
  const setProperty = (deviceId: string, value: boolean | null) =>
    bench.central.ok('PATCH', `/api/devices/${deviceId}/properties`, { thermometerTelemetryUploadEnabled: value });

  async function assertDecodes(bag: string): Promise<void> {
    const { deviceId, device } = await connected();
    await device.send(`devices/${deviceId}/messages/events/${bag}`, '{"temperature":1.5}');
    const { properties } = await bench.arrival(deviceId, '{"temperature":1.5}');
    assert.equal(properties['message-id'], 'm-1');
    assert.equal(properties['correlation-id'], 'c/1');
    assert.equal(properties['content-type'], 'application/json');
    assert.equal(properties['content-encoding'], 'utf-8');
    assert.equal(properties.alert, 'true & more=1');
    device.disconnect();
  }

  test('hub 40: the property bag of Java, with raw system keys, decodes as the one of Node', () =>
    assertDecodes('$.mid=m-1&$.cid=c%2F1&$.ct=application%2Fjson&$.ce=utf-8&alert=true%20%26%20more%3D1'));

  test('hub 41: the property bag of C, with application keys first, decodes as the one of Node', () =>
    assertDecodes('alert=true%20%26%20more%3D1&%24.mid=m-1&%24.cid=c%2F1&%24.ct=application%2fjson&%24.ce=utf-8'));

  test('hub 45: 256 KB arrive, 257 KB end the connection and do not', async () => {
    const { deviceId, device } = await connected();
    await device.send(`devices/${deviceId}/messages/events/`, `"${'x'.repeat(256 * 1024 - 2)}"`);
    device.sendOnce(`devices/${deviceId}/messages/events/`, Buffer.alloc(257 * 1024, 'y'));
    await device.closed();
    assert.equal((await bench.refusal(deviceId)).reason, 'message-too-large');
    const bodies = (await bench.raw(deviceId)).filter(({ source }) => source === 'Telemetry').map(({ body }) => body.length);
    assert.deepEqual(bodies, [256 * 1024]);
  });

  test('hub 53, 55: C and Python answer a method with any status, and the caller gets it as it is', async () => {
    const { deviceId, device } = await connected();
    // C subscribes several filters in one packet.
    assert.deepEqual(await device.subscribe(['$iothub/twin/res/#', 0], ['$iothub/methods/POST/#', 0]), [0, 0]);
    for (const [status, qos] of [
      [0, 0],
      [200, 1],
      [404, 0],
      [500, 1],
      [-1, 0],
    ] as const) {
      const answered = command(deviceId, { request: 'x y' });
      const { topic, body } = await device.message();
      const requestId = /^\$iothub\/methods\/POST\/displayAlert\/\?\$rid=([0-9a-f]+)$/.exec(topic)?.[1];
      assert.ok(requestId, topic);
      assert.equal(body, '"x y"');
      const reply = `$iothub/methods/res/${status}/?$rid=${requestId}`;
      if (qos === 1) await device.send(reply, '{"a":[1,null]}');
      else device.sendOnce(reply, '{"a":[1,null]}');
      const result = await answered;
      assert.equal(result.body.responseCode, status);
      assert.deepEqual(result.body.response, { a: [1, null] });
    }
    device.disconnect();
  });

  test('hub 57: Python that never answers fails the call after the requested seconds; its late answer is dropped', async () => {
    const { deviceId, device } = await connected();
    await device.subscribe('$iothub/methods/POST/#');
    const began = performance.now();
    const answered = command(deviceId, { request: 'x', responseTimeout: 5 });
    const { topic } = await device.message();
    const { status } = await answered;
    assert.equal(status, 504);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 4.5 && seconds < 8, `${seconds} s`);
    await device.send(`$iothub/methods/res/200/?$rid=${topic.split('$rid=')[1]}`, '1');
    assert.equal(device.isClosed, false);
    device.disconnect();
  });

  test('hub 59, 60, 62: GET and PATCH of a twin in the ways of C and Java, with versions', async () => {
    const { deviceId, device } = await connected();
    await device.subscribe(['$iothub/twin/res/#', 0]);
    const empty = await device.ask('$iothub/twin/GET/?$rid=0', '', 0);
    assert.equal(empty.topic, '$iothub/twin/res/200/?$rid=0');
    assert.deepEqual(parse(empty), { desired: { $version: 1 }, reported: { $version: 1 } });

    const patch = (rest: string, json: string, qos: 0 | 1 = 0) =>
      device.ask(`$iothub/twin/PATCH/properties/reported/?$rid=${rest}`, json, qos);
    const first = await patch('1', '{"serialNumber":"J-1"}');
    assert.equal(first.topic, '$iothub/twin/res/204/?$rid=1&$version=2');
    assert.equal(first.body, '');
    const stale = await patch('2&$version=1', '{"serialNumber":"J-2"}', 1);
    assert.equal(stale.topic, '$iothub/twin/res/412/?$rid=2');
    assert.equal(typeof parse(stale).errorCode, 'number');
    const fresh = await patch('3&$version=2', '{"serialNumber":"J-3"}', 1);
    assert.equal(fresh.topic, '$iothub/twin/res/204/?$rid=3&$version=3');

    const whole = parse(await device.ask('$iothub/twin/GET/?$rid=4', ' ', 1));
    assert.deepEqual(whole.reported, { serialNumber: 'J-3', $version: 3 });
    assert.equal((await bench.central.ok('GET', `/api/devices/${deviceId}/properties`)).serialNumber, 'J-3');
    device.disconnect();
  });

  test('hub 61: a reported PATCH with an invalid key or body is answered with JSON and changes nothing', async () => {
    const { device } = await connected();
    await device.subscribe(['$iothub/twin/res/#', 1]);
    const bodies = ['{"$x":1}', '{"a.b":1}', '{"a":{"b c":1}}', '[1]', '{', `{"${'k'.repeat(1025)}":1}`];
    for (const [i, body] of bodies.entries()) {
      const { topic, body: answer } = await device.ask(`$iothub/twin/PATCH/properties/reported/?$rid=${i}`, body);
      assert.match(topic, new RegExp(`^\\$iothub/twin/res/4\\d\\d/\\?\\$rid=${i}$`), body.slice(0, 40));
      const { errorCode, message, trackingId } = JSON.parse(answer);
      assert.ok(errorCode);
      assert.ok(message);
      assert.ok(trackingId);
    }
    const { reported } = parse(await device.ask('$iothub/twin/GET/?$rid=g', ''));
    assert.deepEqual(reported, { $version: 1 });
    device.disconnect();
  });

  test('hub 63, 64: a desired change is pushed with its version, deletion as null; while away nothing is queued', async () => {
    const { deviceId, identity, device } = await connected();
    await device.subscribe('$iothub/twin/PATCH/properties/desired/#');
    await setProperty(deviceId, true);
    const pushed = await device.message();
    assert.equal(pushed.topic, '$iothub/twin/PATCH/properties/desired/?$version=2');
    assert.deepEqual(JSON.parse(pushed.body), { thermometerTelemetryUploadEnabled: true, $version: 2 });
    await setProperty(deviceId, null);
    const deleted = await device.message();
    assert.equal(deleted.topic, '$iothub/twin/PATCH/properties/desired/?$version=3');
    assert.deepEqual(JSON.parse(deleted.body), { thermometerTelemetryUploadEnabled: null, $version: 3 });
    device.disconnect();
    await device.closed();

    await setProperty(deviceId, false);
    const again: WireDevice & { code: number } = await bench.dialHub(identity, deviceId);
    assert.equal(again.sessionPresent, true);
    await again.subscribe(['$iothub/twin/res/#', 0]);
    const { topic, body } = await again.ask('$iothub/twin/GET/?$rid=1', ' ');
    assert.equal(topic, '$iothub/twin/res/200/?$rid=1');
    assert.deepEqual(parse({ body }).desired, { thermometerTelemetryUploadEnabled: false, $version: 4 });
    assert.equal(again.messages.length, 1);
    again.disconnect();
  });

  test('hub 68: an unknown filter is refused with 0x80, the others are granted, and the connection stays', async () => {
    const { deviceId, device } = await connected();
    const codes = await device.subscribe('#', '$iothub/methods/POST/#', 'devices/other/messages/devicebound/#', [
      '$iothub/twin/res/#',
      0,
    ]);
    assert.deepEqual(codes, [0x80, 1, 0x80, 0]);
    await device.send(`devices/${deviceId}/messages/events/`, '"still here"');
    await bench.arrival(deviceId, '"still here"');
    device.disconnect();
  });
});
