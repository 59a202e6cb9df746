import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { type HubBench, settled, until } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceAnswer, type ServiceClient } from '#test/support/service-client.ts';

const listened = '$iothub/methods/POST/';

describe('direct methods over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  async function newDevice() {
    const deviceId = `d${++made}`;
    await bench.addDevice(deviceId);
    return deviceId;
  }

  async function listening(deviceId: string) {
    const device = await bench.connect({ deviceId });
    await device.subscribe(`${listened}#`);
    return {
      ...device,
      /** Answers the next call; resolves with what was called. */
      async answer(status: number, body: string) {
        const { topic, body: sent } = await device.message(listened);
        const [, name, rid] = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(\w+)/.exec(topic) ?? [];
        device.sendOnce(`$iothub/methods/res/${status}/?$rid=${rid}`, body);
        return { name, sent };
      },
    };
  }

  const call = (deviceId: string, body: object) =>
    client.ask('POST', `/twins/${deviceId}/methods`, { policy: 'service', body: { methodName: 'm', ...body } });

  /** Shape B: an error as text within the error. */
  function errorOf({ status, headers, json }: ServiceAnswer) {
    assert.equal(json.ExceptionMessage, '');
    const { errorCode, message, trackingId, info, timestampUtc } = JSON.parse(json.Message);
    assert.ok(message && trackingId && timestampUtc);
    assert.equal(Math.floor(errorCode / 1000), status);
    return { errorCode, name: headers['iothub-errorcode'], info, message };
  }

  test('hub-service 49: the device’s status and payload are in the answer, whose own status is 200', async () => {
    const deviceId = await newDevice();
    const device = await listening(deviceId);
    for (const status of [418, 200, 500, 0]) {
      const answer = call(deviceId, { payload: { level: status } });
      assert.deepEqual(await device.answer(status, '{"brewed":false}'), { name: 'm', sent: `{"level":${status}}` });
      const { status: own, json } = await answer;
      assert.deepEqual([own, json], [200, { status, payload: { brewed: false } }]);
    }
  });

  test('hub-service 50: payloads of every kind survive in both directions', async () => {
    const deviceId = await newDevice();
    const device = await listening(deviceId);
    for (const payload of ['null', '""', '0', '[]', 'false', '{"a":{"b":[1,{"__proto__":null}]}}', '"ä"']) {
      const answer = client.ask('POST', `/twins/${deviceId}/methods`, { body: `{"methodName":"m","payload":${payload}}` });
      assert.equal((await device.answer(200, payload)).sent, payload);
      assert.equal((await answer).text, `{"status":200,"payload":${payload}}`);
    }
    const answer = call(deviceId, {});
    assert.equal((await device.answer(200, '')).sent, 'null');
    assert.deepEqual((await answer).json, { status: 200, payload: null });
  });

  test('hub-service 51: a device that is away, or does not listen, is 404103 within the message', async () => {
    const deviceId = await newDevice();
    const expected = { errorCode: 404103, name: 'DeviceNotOnline', info: { timeout: '00:00:00' } };
    for (const isConnected of [false, true]) {
      if (isConnected) await bench.connect({ deviceId });
      const { message, ...error } = errorOf(await call(deviceId, { connectTimeoutInSeconds: 0, responseTimeoutInSeconds: 30 }));
      assert.deepEqual(error, expected);
    }
  });

  test('hub-service 52: a device that comes within the connect time-out is reached; one that does not is 404103', async () => {
    const deviceId = await newDevice();
    const answer = call(deviceId, { connectTimeoutInSeconds: 15 });
    await settled();
    const device = await listening(deviceId);
    await device.answer(200, '1');
    assert.deepEqual((await answer).json, { status: 200, payload: 1 });
    const away = await newDevice();
    let isAnswered = false;
    const late = call(away, { connectTimeoutInSeconds: 15 }).finally(() => {
      isAnswered = true;
    });
    for (let i = 0; i < 1_000 && !isAnswered; i++) {
      await settled();
      if (i > 20) bench.clock.advance(secondMs);
    }
    const { errorCode, message } = errorOf(await late);
    assert.equal(errorCode, 404103);
    assert.match(message, /Timed out waiting/);
  });

  test('hub-service 54: a client that reads for as long as it lets us wait is told that the device is away, and not by itself', async (t) => {
    // `az iot hub invoke-device-method --timeout 10` asks for ten seconds twice, and reads for ten.
    const readSeconds = 10;
    const deviceId = await newDevice();
    const invoke = t.mock.method(bench.hub.methods, 'invoke');
    const begun = bench.clock.now();
    let answeredAt: number | undefined;
    const answer = call(deviceId, { connectTimeoutInSeconds: readSeconds, responseTimeoutInSeconds: readSeconds }).finally(() => {
      answeredAt = bench.clock.now();
    });
    await until('the call has come', () => invoke.mock.callCount() > 0);
    await settled();
    for (let i = 0; i < 200 && answeredAt === undefined; i++) {
      bench.clock.advance(100);
      for (let turn = 0; turn < 5; turn++) await settled();
    }
    const { errorCode, message } = errorOf(await answer);
    assert.equal(errorCode, 404103);
    assert.match(message, /Timed out waiting/);
    assert.ok(answeredAt !== undefined && answeredAt - begun < readSeconds * secondMs);
  });

  test('hub-service 53: no answer is 504101 after the time-out, also under its older name', async () => {
    for (const asked of [{ responseTimeoutInSeconds: 5 }, { timeoutInSeconds: 5 }]) {
      const deviceId = await newDevice();
      const device = await listening(deviceId);
      const answer = call(deviceId, asked);
      await device.message(listened);
      bench.clock.advance(5 * secondMs);
      const { errorCode, name } = errorOf(await answer);
      assert.deepEqual([errorCode, name], [504101, 'GatewayTimeout']);
    }
  });

  test('what goes wrong with a call has a code of its own', async () => {
    const deviceId = await newDevice();
    assert.equal(errorOf(await call('nobody', {})).errorCode, 404001);
    const module = await client.ask('POST', `/twins/${deviceId}/modules/m/methods`, { body: { methodName: 'm' } });
    assert.deepEqual([errorOf(module).errorCode, errorOf(module).name], [404010, 'ModuleNotFound']);
    const device = await listening(deviceId);
    const invalid = call(deviceId, {});
    await device.answer(200, 'no JSON');
    assert.equal(errorOf(await invalid).errorCode, 502000);
    const dropped = call(deviceId, {});
    await device.message(listened);
    device.cut();
    assert.equal(errorOf(await dropped).errorCode, 404104);
    await bench.hub.registry.setEnabled(deviceId, false);
    assert.equal(errorOf(await call(deviceId, {})).errorCode, 403012);
  });

  test('a call outside its ranges is 400 ArgumentInvalid', async () => {
    const deviceId = await newDevice();
    for (const body of [
      { methodName: '' },
      { methodName: 'a/b' },
      { methodName: 5 },
      { methodName: null },
      { responseTimeoutInSeconds: 4 },
      { responseTimeoutInSeconds: 301 },
      { responseTimeoutInSeconds: 'x' },
      { connectTimeoutInSeconds: -1 },
      { connectTimeoutInSeconds: 301 },
      { connectTimeoutInSeconds: 1.5 },
    ]) {
      assert.deepEqual([errorOf(await call(deviceId, body)).errorCode], [400004], JSON.stringify(body));
    }
    assert.equal(errorOf(await call(deviceId, { payload: 'x'.repeat(128 * 1024) })).errorCode, 413001);
  });

  test('who may not call is told so in the shape of every refused token', async () => {
    const { status, code } = await client.ask('POST', '/twins/d1/methods', { policy: 'registryRead', body: { methodName: 'm' } });
    assert.deepEqual([status, code], [401, 'IotHubUnauthorizedAccess']);
  });
});
