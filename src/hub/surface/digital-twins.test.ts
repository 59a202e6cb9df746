import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const model = 'dtmi:com:example:TemperatureController;1';
const written = '2026-06-01T00:00:00.0000000Z';

describe('digital twins over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  async function newDevice(reported: JsonObject = {}) {
    const deviceId = `d${++made}`;
    await bench.addDevice(deviceId);
    const device = await bench.connect({ deviceId, modelId: model });
    await device.subscribe('$iothub/twin/res/#');
    device.sendOnce('$iothub/twin/PATCH/properties/reported/?$rid=1', JSON.stringify(reported));
    await device.message('$iothub/twin/res/204/');
    return { deviceId, url: `/digitaltwins/${deviceId}` };
  }
  const patch = (url: string, body: unknown, ifMatch?: string) =>
    client.ask('PATCH', url, { policy: 'service', body: body as object, ...(ifMatch === undefined ? {} : { ifMatch }) });
  const desiredOf = async (deviceId: string) => {
    const { $metadata: _, $version: __, ...desired } = (await client.ask('GET', `/twins/${deviceId}`)).json.properties.desired;
    return desired;
  };

  test('properties and components are flattened, each with what was asked and what the device answered', async () => {
    const { deviceId, url } = await newDevice({
      serialNumber: 'alwinexlepaho8329',
      targetTemperature: { value: 42, ac: 200, av: 2, ad: 'done' },
      thermostat1: { __t: 'c', maxTempSinceLastReboot: 25.3, targetTemperature: { value: 20, ac: 202, av: 3 } },
    });
    await patch(url, [
      { op: 'add', path: '/targetTemperature', value: 43 },
      { op: 'add', path: '/thermostat1/targetTemperature', value: 21 },
      { op: 'add', path: '/fan', value: 'on' },
    ]);
    const { status, json, headers } = await client.ask('GET', url, { policy: 'service' });
    assert.equal(status, 200);
    assert.equal(headers.etag, `"${(await client.ask('GET', `/twins/${deviceId}`)).json.etag}"`);
    assert.deepEqual(json, {
      $dtId: deviceId,
      serialNumber: 'alwinexlepaho8329',
      targetTemperature: 42,
      thermostat1: {
        maxTempSinceLastReboot: 25.3,
        targetTemperature: 20,
        $metadata: {
          maxTempSinceLastReboot: { lastUpdateTime: written },
          targetTemperature: { desiredValue: 21, desiredVersion: 2, ackCode: 202, ackVersion: 3, lastUpdateTime: written },
        },
      },
      $metadata: {
        $model: model,
        serialNumber: { lastUpdateTime: written },
        targetTemperature: {
          desiredValue: 43,
          desiredVersion: 2,
          ackCode: 200,
          ackVersion: 2,
          ackDescription: 'done',
          lastUpdateTime: written,
        },
        fan: { desiredValue: 'on', desiredVersion: 2, lastUpdateTime: written },
      },
    });
    assert.deepEqual(await desiredOf(deviceId), {
      targetTemperature: 43,
      fan: 'on',
      thermostat1: { __t: 'c', targetTemperature: 21 },
    });
  });

  test('hub-service 65: a JSON Patch is answered with 202 exactly, the new tag and where the twin is', async () => {
    const { deviceId, url } = await newDevice();
    const before = (await client.ask('GET', url)).headers.etag;
    const answer = await patch(url, [{ op: 'add', path: '/targetTemperature', value: 20 }], '*');
    assert.deepEqual([answer.status, answer.text], [202, '']);
    assert.notEqual(answer.headers.etag, before);
    assert.equal(answer.headers.etag, (await client.ask('GET', url)).headers.etag);
    assert.match(answer.headers.location ?? '', new RegExp(`^https://[^/]+/digitaltwins/${deviceId}$`));
    assert.equal(
      (await patch(url, [{ op: 'replace', path: '/targetTemperature', value: 21 }], before)).code,
      'PreconditionFailed',
    );
    assert.deepEqual(await desiredOf(deviceId), { targetTemperature: 20 });
  });

  test('steps build on one another, and a whole component takes the place of what was asked before', async () => {
    const { deviceId, url } = await newDevice({ old: 1 });
    const steps = [
      { op: 'add', path: '/a', value: { x: 1 } },
      { op: 'replace', path: '/a', value: { x: 2 } },
      { op: 'add', path: '/c', value: { $metadata: {}, p: 1, q: 2 } },
      { op: 'replace', path: '/c/p', value: 3 },
      { op: 'replace', path: '/old', value: 5 },
      { op: 'add', path: '/gone', value: 1 },
      { op: 'remove', path: '/gone' },
    ];
    assert.equal((await patch(url, steps)).status, 202);
    assert.deepEqual(await desiredOf(deviceId), { a: { x: 2 }, c: { __t: 'c', p: 3, q: 2 }, old: 5 });
    assert.equal((await patch(url, [{ op: 'replace', path: '/c', value: { $metadata: {}, r: 1 } }])).status, 202);
    assert.deepEqual(await desiredOf(deviceId), { a: { x: 2 }, c: { __t: 'c', r: 1 }, old: 5 });
    assert.equal((await patch(url, [{ op: 'remove', path: '/c' }])).status, 202);
    assert.deepEqual(await desiredOf(deviceId), { a: { x: 2 }, old: 5 });
  });

  test('what is no patch, names no place or does not fit a twin is refused by its own code, and changes nothing', async () => {
    const { deviceId, url } = await newDevice({ plain: 1 });
    const rows: [unknown, string][] = [
      [{}, 'InvalidDigitalTwinJsonPatch'],
      [[], 'InvalidDigitalTwinJsonPatch'],
      [[{ op: 'move', path: '/a', from: '/b' }], 'InvalidDigitalTwinJsonPatch'],
      [[{ op: 'add', value: 1 }], 'InvalidDigitalTwinJsonPatch'],
      [Array.from({ length: 101 }, () => ({ op: 'add', path: '/a', value: 1 })), 'InvalidDigitalTwinJsonPatch'],
      [[{ op: 'add', path: '/a' }], 'InvalidDigitalTwinPayload'],
      [[{ op: 'add', path: '/a', value: null }], 'InvalidDigitalTwinPayload'],
      [[{ op: 'replace', path: '/nothing', value: 1 }], 'InvalidDigitalTwinPatch'],
      [[{ op: 'remove', path: '/nothing' }], 'InvalidDigitalTwinPatch'],
      [[{ op: 'remove', path: '/c/nothing' }], 'InvalidDigitalTwinPatch'],
      [[{ op: 'add', path: 'a', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/a/b/c', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/$metadata', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/c/__t', value: 'd' }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/plain/b', value: 1 }], 'InvalidDigitalTwinPatchPath'],
      [[{ op: 'add', path: '/a.b', value: 1 }], 'ArgumentInvalid'],
      [[{ op: 'add', path: '/__proto__', value: { x: 1 } }], 'ok'],
    ];
    for (const [body, code] of rows) {
      const answer = await patch(url, body);
      if (code === 'ok') assert.equal(answer.status, 202);
      else assert.deepEqual([answer.status, answer.code], [400, code], JSON.stringify(body).slice(0, 80));
    }
    assert.equal(({} as Record<string, unknown>).x, undefined);
    assert.deepEqual(Object.keys(await desiredOf(deviceId)), ['__proto__']);
    assert.equal((await client.ask('GET', '/digitaltwins/nobody')).code, 'DeviceNotFound');
    assert.equal((await client.ask('GET', url, { policy: 'registryRead' })).status, 401);
  });

  test('hub-service 66: commands reach the device under their component’s name, and its status is in a header', async () => {
    const { deviceId, url } = await newDevice();
    const device = await bench.connect({ deviceId });
    await device.subscribe('$iothub/methods/POST/#');
    for (const [path, name, payload, status] of [
      [`${url}/components/therm/commands/reboot`, 'therm*reboot', { delay: 3 }, 200],
      [`${url}/commands/getMaxMinReport`, 'getMaxMinReport', '"2020-01-01"', 202],
      [`${url}/commands/beep?responseTimeoutInSeconds=10&connectTimeoutInSeconds=0`, 'beep', undefined, 404],
    ] as const) {
      const text = payload === undefined ? undefined : typeof payload === 'string' ? payload : JSON.stringify(payload);
      const [, query = ''] = path.split('?');
      const full = `${path.split('?')[0]}?api-version=2021-04-12${query === '' ? '' : `&${query}`}`;
      const answer = client.ask('POST', full, { policy: 'service', ...(text === undefined ? {} : { body: text as never }) });
      const { topic, body } = await device.message('$iothub/methods/POST/');
      const [, called = '', rid] = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(\w+)/.exec(topic) ?? [];
      assert.deepEqual([decodeURIComponent(called), body], [name, text ?? 'null']);
      device.sendOnce(`$iothub/methods/res/${status}/?$rid=${rid}`, '{"took":3}');
      const { status: own, json, headers } = await answer;
      assert.deepEqual([own, json, headers['x-ms-command-statuscode']], [200, { took: 3 }, String(status)]);
      assert.ok(headers['x-ms-request-id']);
    }
  });

  test('a command of a device that is away is refused as a method is', async () => {
    const { url } = await newDevice();
    const { status, json, headers } = await client.ask('POST', `${url}/commands/reboot`, { policy: 'service' });
    assert.deepEqual([status, headers['iothub-errorcode'], JSON.parse(json.Message).errorCode], [404, 'DeviceNotOnline', 404103]);
    const query = '?api-version=2021-04-12&responseTimeoutInSeconds=1';
    assert.equal((await client.ask('POST', `${url}/commands/reboot${query}`, { policy: 'service' })).status, 400);
  });
});
