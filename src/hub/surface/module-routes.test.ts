import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type HubBench, parseBody, until } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const never = '0001-01-01T00:00:00Z';
const noThumbprints = { primaryThumbprint: null, secondaryThumbprint: null };

describe('modules over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  async function newDevice() {
    const deviceId = `d${++made}`;
    await bench.addDevice(deviceId);
    return { deviceId, url: `/devices/${deviceId}/modules/m`, twin: `/twins/${deviceId}/modules/m` };
  }

  async function newModule(body: object = {}) {
    const named = await newDevice();
    const { status, json } = await client.ask('PUT', named.url, { body });
    assert.equal(status, 200, JSON.stringify(json));
    return { ...named, module: json };
  }

  test('hub-service 33: a module is made, listed, changed under its tag and deleted', async () => {
    const { deviceId, url, module } = await newModule({ moduleId: 'm', managedBy: 'me', authentication: { type: 'sas' } });
    const { generationId, etag, authentication, ...rest } = module;
    assert.match(generationId, /^\d+$/);
    assert.match(etag, /^[^",\s]+$/);
    assert.equal(Buffer.from(authentication.symmetricKey.primaryKey, 'base64').length, 32);
    assert.deepEqual([authentication.type, authentication.x509Thumbprint], ['sas', noThumbprints]);
    assert.deepEqual(rest, {
      deviceId,
      moduleId: 'm',
      managedBy: 'me',
      connectionState: 'Disconnected',
      connectionStateUpdatedTime: never,
      lastActivityTime: never,
      cloudToDeviceMessageCount: 0,
    });
    const read = await client.ask('GET', url);
    assert.deepEqual([read.json, read.headers.etag], [module, `"${etag}"`]);
    assert.deepEqual((await client.ask('GET', `/devices/${deviceId}/modules`)).json, [module]);
    const again = await client.ask('PUT', url, { body: {} });
    assert.deepEqual([again.status, again.code], [409, 'ModuleAlreadyExistsOnDevice']);
    const stale = await client.ask('PUT', url, { body: { managedBy: 'you' }, ifMatch: '"old"' });
    assert.deepEqual([stale.status, stale.code], [412, 'PreconditionFailed']);
    const { json: changed } = await client.ask('PUT', url, { body: { ...module, managedBy: null }, ifMatch: `"${etag}"` });
    assert.deepEqual([changed.managedBy, changed.authentication], [null, authentication]);
    assert.notEqual(changed.etag, etag);
    assert.equal((await client.ask('DELETE', url, { ifMatch: `"${etag}"` })).status, 412);
    // Explorer sends the star bare.
    const gone = await client.ask('DELETE', url, { ifMatch: '*' });
    assert.deepEqual([gone.status, gone.text], [204, '']);
    assert.deepEqual((await client.ask('GET', `/devices/${deviceId}/modules`)).json, []);
    for (const method of ['GET', 'DELETE']) {
      const { status, code } = await client.ask(method, url);
      assert.deepEqual([status, code], [404, 'ModuleNotFound'], method);
    }
    const absent = await client.ask('PUT', url, { body: {}, ifMatch: '*' });
    assert.deepEqual([absent.status, absent.code], [404, 'ModuleNotFound']);
  });

  test('a module by thumbprint, by CA and by nothing prints nulls where it has nothing', async () => {
    const primaryThumbprint = 'A'.repeat(40);
    for (const [authentication, printed] of [
      [{ type: 'certificateAuthority' }, noThumbprints],
      [{ type: 'none' }, noThumbprints],
      [
        { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } },
        { ...noThumbprints, primaryThumbprint },
      ],
    ] as const) {
      const { module } = await newModule({ authentication });
      assert.deepEqual(module.authentication, {
        symmetricKey: { primaryKey: null, secondaryKey: null },
        x509Thumbprint: printed,
        type: authentication.type,
      });
    }
  });

  test('what is wrong with a module is said in its own words', async () => {
    const { deviceId, url } = await newDevice();
    const asks: [method: string, path: string, body: unknown, status: number, code: string][] = [
      ['GET', '/devices/nobody/modules', undefined, 404, 'DeviceNotFound'],
      ['GET', '/devices/nobody/modules/m', undefined, 404, 'DeviceNotFound'],
      ['PUT', '/devices/nobody/modules/m', {}, 404, 'DeviceNotFound'],
      ['PUT', url, { moduleId: 'n' }, 400, 'ArgumentInvalid'],
      ['PUT', url, { deviceId: 'nobody' }, 400, 'ArgumentInvalid'],
      ['PUT', url, { managedBy: 'x'.repeat(129) }, 400, 'ArgumentInvalid'],
      ['PUT', url, { authentication: { type: 'selfSigned' } }, 400, 'ArgumentInvalid'],
      ['PUT', url, { authentication: { type: 'sas', symmetricKey: { primaryKey: 'YQ==' } } }, 400, 'ArgumentInvalid'],
      ['PUT', `/devices/${deviceId}/modules/a%20b`, {}, 400, 'ArgumentInvalid'],
      ['PUT', `/devices/${deviceId}/modules/$edgeAgent`, {}, 401, 'SystemModuleModifyUnauthorizedAccess'],
      ['DELETE', `/devices/${deviceId}/modules/%24edgeHub`, undefined, 401, 'SystemModuleModifyUnauthorizedAccess'],
    ];
    for (const [method, path, body, status, code] of asks) {
      const answer = await client.ask(method, path, { body });
      assert.deepEqual([answer.status, answer.code, answer.headers['iothub-errorcode']], [status, code, code], path);
    }
    for (let i = 0; i < 50; i++) await bench.hub.registry.modules.create({ deviceId, moduleId: `x${i}` });
    const { status, code } = await client.ask('PUT', url, { body: {} });
    assert.deepEqual([status, code], [413, 'TooManyModulesOnDevice']);
  });

  test('ids of every legal character make their way', async () => {
    const { deviceId } = await newDevice();
    const moduleId = "a%+#?'b:@$;(c)";
    const url = `/devices/${deviceId}/modules/${encodeURIComponent(moduleId)}`;
    assert.equal((await client.ask('PUT', url, { body: { deviceId, moduleId } })).json.moduleId, moduleId);
    assert.equal((await client.ask('GET', `/twins${url.slice('/devices'.length)}`)).json.moduleId, moduleId);
  });

  test('bulk calls make, change and delete modules, and name them where they fail', async () => {
    const { deviceId, url, twin } = await newDevice();
    const bulk = (entry: object) => client.ask('POST', '/devices', { body: [{ id: deviceId, moduleId: 'm', ...entry }] });
    const failure = async (entry: object) => {
      const { status, json } = await bulk(entry);
      assert.equal(status, 400);
      const [{ deviceId: of, moduleId, errorCode }] = json.errors;
      assert.deepEqual([of, moduleId], [deviceId, 'm']);
      return errorCode;
    };
    assert.equal(await failure({ importMode: 'update' }), 'ModuleNotFound');
    assert.equal(await failure({ importMode: 'updateTwin' }), 'ModuleNotFound');
    assert.equal(await failure({ importMode: 'delete' }), 'ModuleNotFound');
    assert.equal((await bulk({ importMode: 'create', tags: { a: 1 }, authentication: { type: 'sas' } })).status, 200);
    assert.equal(await failure({ importMode: 'create' }), 'ModuleAlreadyExistsOnDevice');
    const { json: module } = await client.ask('GET', url);
    assert.equal(module.authentication.type, 'sas');
    assert.equal((await bulk({ managedBy: 'me' })).status, 200);
    assert.equal((await client.ask('GET', url)).json.managedBy, 'me');
    assert.equal(await failure({ importMode: 'updateIfMatchETag', eTag: module.etag, managedBy: 'you' }), 'PreconditionFailed');
    assert.equal((await bulk({ importMode: 'updateTwin', properties: { desired: { b: 2 } } })).status, 200);
    assert.equal((await client.ask('GET', twin)).json.properties.desired.b, 2);
    assert.deepEqual((await client.ask('GET', twin)).json.tags, { a: 1 });
    assert.equal((await bulk({ importMode: 'deleteIfMatchEtag', eTag: '*' })).status, 200);
    assert.equal((await client.ask('GET', url)).status, 404);
    assert.equal((await client.ask('GET', `/devices/${deviceId}`)).status, 200);
    const slashed = await client.ask('POST', '/devices', { body: [{ id: `${deviceId}/m`, importMode: 'updateTwin' }] });
    assert.equal(slashed.json.errors[0].errorCode, 'ArgumentInvalid');
  });

  test('hub-service 42: a module’s twin begins, merges, is replaced and is guarded like a device’s', async () => {
    const { deviceId, twin: url, module } = await newModule({ authentication: { type: 'sas' } });
    const { json: fresh } = await client.ask('GET', url);
    const section = { $metadata: { $lastUpdated: never }, $version: 1 };
    assert.deepEqual(fresh, {
      deviceId,
      moduleId: 'm',
      etag: 'AAAAAAAAAAE=',
      deviceEtag: module.etag,
      status: 'enabled',
      statusReason: null,
      statusUpdateTime: never,
      connectionState: 'Disconnected',
      lastActivityTime: never,
      cloudToDeviceMessageCount: 0,
      authenticationType: 'sas',
      x509Thumbprint: noThumbprints,
      version: 1,
      modelId: '',
      tags: {},
      properties: { desired: section, reported: section },
      capabilities: { iotEdge: false },
      parentScopes: [],
    });
    const patch = { tags: { floor: 3 }, properties: { desired: { a: 1, b: { c: 2 } } } };
    const { json: patched } = await client.ask('PATCH', url, { body: patch, ifMatch: '"AAAAAAAAAAE="' });
    assert.deepEqual([patched.etag, patched.tags, patched.properties.desired.$version], ['AAAAAAAAAAI=', { floor: 3 }, 2]);
    const stale = await client.ask('PATCH', url, { body: patch, ifMatch: '"AAAAAAAAAAE="' });
    assert.deepEqual([stale.status, stale.code], [412, 'PreconditionFailed']);
    const { json: cut } = await client.ask('PATCH', url, { body: { properties: { desired: { a: null } } } });
    assert.deepEqual(Object.keys(cut.properties.desired), ['b', '$metadata', '$version']);
    const { json: put } = await client.ask('PUT', url, { body: { properties: { desired: { z: 1 } } } });
    assert.deepEqual([put.tags, put.properties.desired.z, put.properties.desired.b], [{}, 1, undefined]);
    const invalid = await client.ask('PATCH', url, { body: { properties: { desired: { 'a.b': 1 } } } });
    assert.deepEqual([invalid.status, invalid.code], [400, 'ArgumentInvalid']);
    const { json: own } = await client.ask('GET', `/twins/${deviceId}`);
    assert.deepEqual([own.version, own.properties.desired.$version], [1, 1]);
    for (const method of ['GET', 'PATCH', 'PUT']) {
      const body = method === 'GET' ? undefined : {};
      assert.equal((await client.ask(method, `/twins/${deviceId}/modules/n`, { body })).code, 'ModuleNotFound');
      assert.equal((await client.ask(method, '/twins/nobody/modules/m', { body })).code, 'DeviceNotFound');
    }
  });

  test('hub-service 55: a method reaches the module that is named, and no other', async () => {
    const { deviceId } = await newDevice();
    const connections = [];
    for (const moduleId of ['m', 'n']) {
      await bench.addModule(deviceId, moduleId);
      const module = await bench.connect({ deviceId, moduleId });
      await module.subscribe('$iothub/methods/POST/#');
      connections.push(module);
    }
    const device = await bench.connect({ deviceId });
    await device.subscribe('$iothub/methods/POST/#');
    const [module, other] = connections;
    assert.ok(module && other);
    const call = (end: string, body: object = {}) =>
      client.ask('POST', `/twins/${deviceId}${end}/methods`, { policy: 'service', body: { methodName: 'brew', ...body } });
    const answer = call('/modules/m', { payload: { cups: 2 } });
    const { topic, body } = await module.message('$iothub/methods/POST/brew/');
    assert.equal(body, '{"cups":2}');
    module.sendOnce(`$iothub/methods/res/418/${topic.split('/').at(-1)}`, '"short and stout"');
    const { status, json } = await answer;
    assert.deepEqual([status, json], [200, { status: 418, payload: 'short and stout' }]);
    assert.deepEqual([device.messages, other.messages], [[], []]);
    await module.disconnect();
    for (const [end, code] of [
      ['/modules/m', 404103],
      ['/modules/x', 404010],
    ] as const) {
      const refused = await call(end);
      assert.deepEqual([refused.status, JSON.parse(refused.json.Message).errorCode], [404, code], end);
    }
    const nobody = await client.ask('POST', '/twins/nobody/modules/m/methods', { body: { methodName: 'm' } });
    assert.equal(JSON.parse(nobody.json.Message).errorCode, 404001);
    await bench.hub.registry.setEnabled(deviceId, false);
    const disabled = await call('/modules/n');
    assert.equal(JSON.parse(disabled.json.Message).errorCode, 403012);
  });

  test('a module’s connection state and activity are its own', async () => {
    const { deviceId, url, twin } = await newDevice();
    await bench.addModule(deviceId, 'm');
    const module = await bench.connect({ deviceId, moduleId: 'm' });
    assert.equal((await client.ask('GET', url)).json.connectionState, 'Connected');
    assert.equal((await client.ask('GET', twin)).json.connectionState, 'Connected');
    assert.equal((await client.ask('GET', `/devices/${deviceId}/modules`)).json[0].connectionState, 'Connected');
    assert.equal((await client.ask('GET', `/devices/${deviceId}`)).json.connectionState, 'Disconnected');
    await module.subscribe('$iothub/twin/PATCH/properties/desired/#');
    await client.ask('PATCH', twin, { body: { properties: { desired: { a: 1 } } } });
    const push = await module.message('$iothub/twin/PATCH/properties/desired/');
    assert.deepEqual(parseBody(push), { a: 1, $version: 2 });
    assert.equal((await client.ask('DELETE', url)).status, 204);
    await until('the session ends', () => module.closed !== undefined);
  });
});
