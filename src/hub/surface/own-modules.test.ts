import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { type HubBench, hubHost } from '#test/support/hub-bench.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const key = Buffer.alloc(32, 1).toString('base64');
const version = 'api-version=2017-11-08-preview';

describe('a device that looks after its own modules by its own key', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  before(async () => {
    ({ bench, client, close } = await openHubService());
    for (const deviceId of ['MyDev', 'Other', 'Keyed', 'off%41']) {
      await bench.hub.registry.create({ deviceId, authentication: { type: 'sas', primaryKey: key } });
    }
  });
  after(() => close());

  /** As the IoT identity service writes it: over the lower-cased audience, good for half a minute. */
  const tokenOf = (deviceId: string, lifeSeconds = 30) =>
    hubSpellings['identity service']?.({
      resource: `${hubHost}/devices/${deviceId}`,
      key,
      expirySeconds: Math.ceil(bench.clock.now() / secondMs) + lifeSeconds,
    }) ?? '';
  const ask = (method: string, path: string, options: { body?: unknown; ifMatch?: string; token?: string } = {}) => {
    const { token = tokenOf('MyDev'), ...rest } = options;
    return client.ask(method, `${path}?${version}`, { authorization: token, ...rest });
  };

  test('hub 15: the calls of the IoT identity service make, read, list, change and delete a module', async () => {
    const url = '/devices/MyDev/modules/own';
    const thumbprint = 'A'.repeat(64);
    const module = {
      moduleId: 'own',
      managedBy: 'iotEdge',
      deviceId: 'MyDev',
      authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: thumbprint, secondaryThumbprint: null } },
    };
    const made = await ask('PUT', url, { body: module });
    assert.equal(made.status, 200, made.text);
    assert.deepEqual([made.json.managedBy, made.json.authentication.type], ['iotEdge', 'selfSigned']);
    assert.equal((await ask('GET', url)).json.generationId, made.json.generationId);
    const sas = { ...module, authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } } };
    const changed = await ask('PUT', url, { body: sas, ifMatch: '*' });
    assert.deepEqual([changed.status, changed.json.authentication.symmetricKey.primaryKey], [200, key]);
    assert.deepEqual(
      (await ask('GET', '/devices/MyDev/modules')).json.map(({ moduleId }: { moduleId: string }) => moduleId),
      ['own'],
    );
    assert.equal((await ask('DELETE', url, { ifMatch: '*' })).status, 204);
    const gone = await ask('GET', url);
    assert.deepEqual([gone.status, gone.code], [404, 'ModuleNotFound']);
  });

  test('nothing else opens to it: no other device’s modules, no identity, no twin', async () => {
    const asks: [method: string, path: string][] = [
      ['GET', '/devices/Other/modules'],
      ['PUT', '/devices/Other/modules/m'],
      ['GET', '/devices/nobody/modules'],
      ['GET', '/devices/MyDev'],
      ['DELETE', '/devices/MyDev'],
      ['GET', '/devices'],
      ['GET', '/twins/MyDev'],
      ['GET', '/twins/MyDev/modules/m'],
      ['POST', '/twins/MyDev/modules/m/methods'],
    ];
    for (const [method, path] of asks) {
      const { status, code } = await ask(method, path, method === 'GET' ? {} : { body: {} });
      assert.deepEqual([status, code], [401, 'IotHubUnauthorized'], `${method} ${path}`);
    }
    assert.notEqual(await bench.hub.registry.load('MyDev'), undefined);
  });

  test('an expired token, another key, and a module’s own key are refused, and why is kept under the device', async () => {
    const moduleKey = Buffer.alloc(32, 7).toString('base64');
    await bench.addModule('Keyed', 'keyed', { type: 'sas', primaryKey: moduleKey });
    const forged = hubSpellings.Node?.({
      resource: `${hubHost}/devices/Keyed`,
      key: moduleKey,
      expirySeconds: Math.ceil(bench.clock.now() / secondMs) + 30,
    });
    for (const token of [tokenOf('Keyed', -400), forged]) {
      const { status, code } = await ask('GET', '/devices/Keyed/modules', { token: token ?? '' });
      assert.deepEqual([status, code], [401, 'IotHubUnauthorized']);
    }
    await bench.refusals.flush();
    const kept = (await bench.refusals.list({ service: 'hub' })).filter(({ subject }) => subject === 'Keyed');
    const reasons = kept.map(({ reason }) => reason);
    for (const reason of ['token-expired', 'token-signature']) assert.ok(reasons.includes(reason), reason);
  });

  test('an id is read as it is sent, once, when the device itself asks', async () => {
    const url = `/devices/${encodeURIComponent('off%41')}/modules`;
    assert.equal((await ask('GET', url, { token: tokenOf('off%41') })).status, 200);
    await bench.hub.registry.create({ deviceId: 'twice', authentication: { type: 'sas', primaryKey: key } });
    const twice = await ask('GET', '/devices/t%2577ice/modules', { token: tokenOf('twice') });
    assert.equal(twice.status, 401);
  });

  test('a disabled device may do nothing', async () => {
    await bench.hub.registry.setEnabled('Other', false);
    assert.equal((await ask('GET', '/devices/Other/modules', { token: tokenOf('Other') })).status, 401);
  });
});
