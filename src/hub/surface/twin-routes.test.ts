import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type HubBench, parseBody } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const never = '0001-01-01T00:00:00Z';

describe('twins over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  async function newTwin() {
    const deviceId = `d${++made}`;
    await bench.addDevice(deviceId);
    const url = `/twins/${deviceId}`;
    return { deviceId, url, twin: (await client.ask('GET', url)).json };
  }

  test('hub-service 36: a fresh twin has both sections at version 1, the first tag, and the identity’s state beside it', async () => {
    const { deviceId, url, twin } = await newTwin();
    const device = (await client.ask('GET', `/devices/${deviceId}`)).json;
    assert.deepEqual(twin, {
      deviceId,
      etag: 'AAAAAAAAAAE=',
      deviceEtag: device.etag,
      status: 'enabled',
      statusReason: null,
      statusUpdateTime: never,
      connectionState: 'Disconnected',
      lastActivityTime: never,
      cloudToDeviceMessageCount: 0,
      authenticationType: 'selfSigned',
      x509Thumbprint: device.authentication.x509Thumbprint,
      version: 1,
      modelId: '',
      tags: {},
      properties: {
        desired: { $metadata: { $lastUpdated: never }, $version: 1 },
        reported: { $metadata: { $lastUpdated: never }, $version: 1 },
      },
      capabilities: { iotEdge: false },
      parentScopes: [],
    });
    assert.equal((await client.ask('GET', url)).headers.etag, '"AAAAAAAAAAE="');
  });

  test('hub-service 37: a patch merges, null deletes, each version rises by one, and each key says when', async () => {
    const { url } = await newTwin();
    await client.ask('PATCH', url, { body: { properties: { desired: { a: 1, b: { c: 2, d: 3 } } }, tags: { room: 'attic' } } });
    const { status, json } = await client.ask('PATCH', url, { body: { properties: { desired: { a: null, b: { d: null } } } } });
    assert.equal(status, 200);
    const { $metadata, $version, ...desired } = json.properties.desired;
    assert.deepEqual([desired, $version, json.version, json.etag], [{ b: { c: 2 } }, 3, 3, 'AAAAAAAAAAM=']);
    assert.deepEqual(json.tags, { room: 'attic' });
    assert.match($metadata.b.c.$lastUpdated, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal($metadata.b.$lastUpdatedVersion, 3);
    assert.equal('a' in $metadata, false);
    assert.deepEqual((await client.ask('PATCH', url, { body: { properties: { desired: {} } } })).json, json);
  });

  test('hub-service 38: PUT replaces tags and desired, not reported; the device hears what changed', async () => {
    const { deviceId, url } = await newTwin();
    const device = await bench.connect({ deviceId });
    await device.subscribe('$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#');
    await device.send('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"own":true}');
    await device.message('$iothub/twin/res/204/');
    await client.ask('PATCH', url, { body: { tags: { room: 'attic' }, properties: { desired: { keep: 1, drop: 2 } } } });
    await device.message('$iothub/twin/PATCH/properties/desired/');
    const { json } = await client.ask('PUT', url, { body: { tags: { floor: 3 }, properties: { desired: { keep: 1, add: 3 } } } });
    const { $metadata, $version, ...desired } = json.properties.desired;
    assert.deepEqual([json.tags, desired, $version], [{ floor: 3 }, { keep: 1, add: 3 }, 3]);
    assert.equal(json.properties.reported.own, true);
    assert.equal(json.connectionState, 'Connected');
    const push = await device.message('$iothub/twin/PATCH/properties/desired/');
    assert.deepEqual(parseBody(push), { drop: null, add: 3, $version: 3 });
    await device.disconnect();
  });

  test('hub-service 39: a whole twin sent back, metadata and reported with it, changes nothing but versions', async () => {
    const { url } = await newTwin();
    await client.ask('PATCH', url, { body: { tags: { a: 1 }, properties: { desired: { b: { c: 2 } } } } });
    const { json: read } = await client.ask('GET', url);
    for (const method of ['PATCH', 'PUT']) {
      const body = { ...read, properties: { ...read.properties, reported: { forged: 1 } } };
      const { status, json } = await client.ask(method, url, { body, ifMatch: '*' });
      assert.equal(status, 200);
      const { $metadata, $version, ...desired } = json.properties.desired;
      assert.deepEqual([json.tags, desired, json.properties.reported.forged], [{ a: 1 }, { b: { c: 2 } }, undefined]);
    }
  });

  test('hub-service 40: a stale tag is 412, and a tag for nobody’s twin 404', async () => {
    const { url, twin } = await newTwin();
    const ifMatch = `"${twin.etag}"`;
    assert.equal((await client.ask('PATCH', url, { body: { tags: { a: 1 } }, ifMatch })).status, 200);
    for (const method of ['PATCH', 'PUT']) {
      const { status, code } = await client.ask(method, url, { body: { tags: { a: 2 } }, ifMatch });
      assert.deepEqual([status, code], [412, 'PreconditionFailed']);
      const absent = await client.ask(method, '/twins/nobody', { body: { tags: { a: 2 } }, ifMatch });
      assert.deepEqual([absent.status, absent.code], [404, 'DeviceNotFound']);
    }
    assert.deepEqual((await client.ask('GET', url)).json.tags, { a: 1 });
  });

  const deep = (levels: number): object => (levels === 0 ? {} : { n: deep(levels - 1) });
  const refused: [what: string, desired: unknown][] = [
    ['a key with a dot', { 'a.b': 1 }],
    ['a key with a dollar', { a: { $b: 1 } }],
    ['a key with a space', { 'a b': 1 }],
    ['eleven levels', deep(11)],
    ['33 KB', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(3_750)]))],
    ['a string over 4 KB', { a: 'x'.repeat(4_097) }],
    ['an integer beyond 52 bits', { a: 4_503_599_627_370_496 }],
    ['a list in place of an object', [1]],
    ['a text in place of an object', 'x'],
  ];
  for (const [what, desired] of refused) {
    test(`hub-service 41: desired with ${what} is 400 ArgumentInvalid and stays as it was`, async () => {
      const { url, twin } = await newTwin();
      for (const method of ['PATCH', 'PUT']) {
        const { status, code } = await client.ask(method, url, { body: { properties: { desired } } });
        assert.deepEqual([status, code], [400, 'ArgumentInvalid'], method);
      }
      assert.deepEqual((await client.ask('GET', url)).json, twin);
    });
  }

  test('a twin of nobody, and of a module there is not, is not found in its own words', async () => {
    const { url } = await newTwin();
    assert.equal((await client.ask('GET', '/twins/nobody')).code, 'DeviceNotFound');
    assert.equal((await client.ask('GET', `${url}/modules/m`)).code, 'ModuleNotFound');
    assert.equal((await client.ask('GET', '/twins/nobody/modules/m')).code, 'DeviceNotFound');
  });
});
