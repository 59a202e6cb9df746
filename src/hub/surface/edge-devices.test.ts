import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { type HubBench, hubHost, until } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const iotEdge = { capabilities: { iotEdge: true } };

describe('edge devices and those below them', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  const newId = (kind: string) => `${kind}-${++made}`;
  async function put(deviceId: string, body: object, ifMatch?: string) {
    const { status, json, code } = await client.ask('PUT', `/devices/${deviceId}`, {
      body,
      ...(ifMatch === undefined ? {} : { ifMatch }),
    });
    return status === 200 ? json : { code };
  }
  const get = async (deviceId: string) => (await client.ask('GET', `/devices/${deviceId}`)).json;
  const moduleIds = async (deviceId: string) =>
    (await client.ask('GET', `/devices/${deviceId}/modules`)).json.map(({ moduleId }: { moduleId: string }) => moduleId);

  test('hub-service 30: an edge device has a scope of its own and the modules of the edge runtime', async () => {
    const deviceId = newId('edge');
    const device = await put(deviceId, iotEdge);
    assert.equal(device.deviceScope, `ms-azure-iot-edge://${deviceId}-${device.generationId}`);
    assert.deepEqual([device.capabilities, device.parentScopes], [{ iotEdge: true }, []]);
    assert.deepEqual(await moduleIds(deviceId), ['$edgeAgent', '$edgeHub']);
    const agent = (await client.ask('GET', `/devices/${deviceId}/modules/$edgeAgent`)).json;
    assert.deepEqual([agent.managedBy, agent.authentication.type], ['iotEdge', 'none']);
    const twin = (await client.ask('GET', `/twins/${deviceId}`)).json;
    assert.deepEqual([twin.capabilities, twin.deviceScope, twin.parentScopes], [{ iotEdge: true }, device.deviceScope, []]);
    assert.equal((await client.ask('GET', `/twins/${deviceId}/modules/$edgeHub`)).json.moduleId, '$edgeHub');
    for (const moduleId of ['$edgeAgent', '$edgeHub']) {
      const url = `/devices/${deviceId}/modules/${moduleId}`;
      assert.equal((await client.ask('PUT', url, { body: {}, ifMatch: '*' })).code, 'SystemModuleModifyUnauthorizedAccess');
      assert.equal((await client.ask('DELETE', url)).code, 'SystemModuleModifyUnauthorizedAccess');
    }
    assert.equal((await client.ask('DELETE', `/devices/${deviceId}`)).status, 204);
    const again = await put(deviceId, iotEdge);
    assert.notEqual(again.deviceScope, device.deviceScope);
  });

  test('hub-service 31: a leaf is put below an edge device, moved with the parents it had before, and let go', async () => {
    const [first, second] = [await put(newId('edge'), iotEdge), await put(newId('edge'), iotEdge)];
    const leaf = await put(newId('leaf'), { deviceScope: first.deviceScope });
    assert.deepEqual([leaf.deviceScope, leaf.parentScopes], [first.deviceScope, [first.deviceScope]]);
    // As `device-identity parent set --force` does: the whole identity, the new scope beside the old parents.
    const moved = await put(leaf.deviceId, { ...leaf, deviceScope: second.deviceScope }, `"${leaf.etag}"`);
    assert.deepEqual([moved.deviceScope, moved.parentScopes], [second.deviceScope, [second.deviceScope]]);
    // As `device-identity update`: the parents are not said, and stay.
    const { parentScopes: _, deviceScope: __, ...unsaid } = moved;
    const renamed = await put(leaf.deviceId, { ...unsaid, statusReason: 'moved' }, '"*"');
    assert.equal(renamed.deviceScope, second.deviceScope);
    // As `device-identity children remove`.
    const free = await put(leaf.deviceId, { ...renamed, deviceScope: '' }, '"*"');
    assert.deepEqual([free.deviceScope, free.parentScopes], [undefined, []]);
  });

  test('hub-service 31: an edge device below another keeps its own scope', async () => {
    const parent = await put(newId('edge'), iotEdge);
    const child = await put(newId('edge'), { ...iotEdge, parentScopes: [parent.deviceScope], deviceScope: parent.deviceScope });
    assert.notEqual(child.deviceScope, parent.deviceScope);
    assert.deepEqual(child.parentScopes, [parent.deviceScope]);
    const free = await put(child.deviceId, { ...child, parentScopes: [] }, '"*"');
    assert.deepEqual([free.deviceScope, free.parentScopes], [child.deviceScope, []]);
  });

  test('a scope of nobody, of a former namesake, of oneself or of a child is refused, and changes nothing', async () => {
    const parent = await put(newId('edge'), iotEdge);
    const child = await put(newId('edge'), { ...iotEdge, parentScopes: [parent.deviceScope] });
    const leaf = await put(newId('leaf'), {});
    const refused = { code: 'InvalidDeviceScope' };
    for (const deviceScope of [
      'nonsense',
      'ms-azure-iot-edge://',
      'ms-azure-iot-edge://-1',
      `ms-azure-iot-edge://${parent.deviceId}`,
      `ms-azure-iot-edge://${parent.deviceId}-1`,
      `ms-azure-iot-edge://${leaf.deviceId}-${leaf.generationId}`,
      parent.deviceScope.toUpperCase(),
    ]) {
      assert.deepEqual(await put(leaf.deviceId, { deviceScope }, '"*"'), refused, deviceScope);
      assert.deepEqual(await put(newId('leaf'), { deviceScope }), refused, deviceScope);
    }
    assert.deepEqual(await put(parent.deviceId, { parentScopes: [parent.deviceScope] }, '"*"'), refused);
    assert.deepEqual(await put(parent.deviceId, { parentScopes: [child.deviceScope] }, '"*"'), refused);
    assert.deepEqual(await put(leaf.deviceId, { parentScopes: [parent.deviceScope, child.deviceScope] }, '"*"'), refused);
    assert.deepEqual((await get(leaf.deviceId)).parentScopes, []);
    assert.deepEqual((await get(parent.deviceId)).parentScopes, []);
  });

  test('edge devices stand at most five deep', async () => {
    let parent = await put(newId('edge'), iotEdge);
    for (let layer = 2; layer <= 5; layer++)
      parent = await put(newId('edge'), { ...iotEdge, parentScopes: [parent.deviceScope] });
    const leaf = await put(newId('leaf'), { deviceScope: parent.deviceScope });
    assert.equal(leaf.deviceScope, parent.deviceScope);
    assert.deepEqual(await put(newId('edge'), { ...iotEdge, parentScopes: [parent.deviceScope] }), {
      code: 'InvalidDeviceScope',
    });
  });

  test('when an edge device goes, or ends being one, those below it stand by themselves', async () => {
    for (const end of [
      async (edge: { deviceId: string }) => assert.equal((await client.ask('DELETE', `/devices/${edge.deviceId}`)).status, 204),
      async (edge: { deviceId: string }) => {
        const plain = await put(edge.deviceId, { ...edge, capabilities: { iotEdge: false } }, '"*"');
        assert.deepEqual([plain.capabilities, plain.deviceScope, plain.parentScopes], [{ iotEdge: false }, undefined, []]);
        assert.deepEqual(await moduleIds(edge.deviceId), []);
        const again = await put(edge.deviceId, { ...plain, ...iotEdge }, '"*"');
        assert.equal(again.capabilities.iotEdge, true);
        assert.deepEqual(await moduleIds(edge.deviceId), ['$edgeAgent', '$edgeHub']);
      },
    ]) {
      const edge = await put(newId('edge'), iotEdge);
      const leaf = await put(newId('leaf'), { deviceScope: edge.deviceScope });
      await end(edge);
      const left = await get(leaf.deviceId);
      assert.deepEqual([left.deviceScope, left.parentScopes], [undefined, []]);
      assert.notEqual(left.etag, leaf.etag);
    }
  });

  test('hub-service 32: a renewed key is new, the other stays, and both change when asked', async () => {
    const deviceId = newId('keys');
    const { authentication } = await put(deviceId, {});
    const before = authentication.symmetricKey;
    const renew = async (policyKey: string, devices: object[]) =>
      client.ask('POST', '/devices/keys/regenerate', { body: { policyKey, devices } });
    const first = await renew('primaryKey', [{ id: deviceId }]);
    assert.equal(first.status, 200);
    const [rotated] = first.json.rotatedKeys;
    assert.deepEqual([first.json.policyKey, rotated.id, rotated.secondaryKey], ['primaryKey', deviceId, before.secondaryKey]);
    assert.notEqual(rotated.primaryKey, before.primaryKey);
    assert.equal(Buffer.from(rotated.primaryKey, 'base64').length, 32);
    assert.deepEqual((await get(deviceId)).authentication.symmetricKey, {
      primaryKey: rotated.primaryKey,
      secondaryKey: before.secondaryKey,
    });
    const [both] = (await renew('both', [{ id: deviceId }])).json.rotatedKeys;
    assert.ok(both.primaryKey !== rotated.primaryKey && both.secondaryKey !== before.secondaryKey);
  });

  test('hub-service 32: keys of modules are renewed too, and what has none is named without undoing the rest', async () => {
    const [deviceId, other] = [newId('keys'), newId('keys')];
    await put(deviceId, {});
    await put(other, { authentication: { type: 'certificateAuthority' } });
    await client.ask('PUT', `/devices/${deviceId}/modules/m`, { body: { authentication: { type: 'sas' } } });
    await client.ask('PUT', `/devices/${deviceId}/modules/bare`, { body: {} });
    const ask = (devices: object[], policyKey = 'secondaryKey') =>
      client.ask('POST', '/devices/keys/regenerate', { body: { policyKey, devices } });
    const some = await ask([
      { id: deviceId, moduleId: 'm' },
      { id: deviceId, moduleId: 'bare' },
      { id: other },
      { id: 'gone' },
      { id: deviceId, moduleId: 'gone' },
      { id: 'a b' },
    ]);
    assert.equal(some.status, 207);
    assert.deepEqual(
      some.json.rotatedKeys.map(({ id, moduleId }: { id: string; moduleId: string }) => [id, moduleId]),
      [[deviceId, 'm']],
    );
    assert.deepEqual(
      some.json.errors.map(({ errorCode }: { errorCode: string }) => errorCode),
      ['ArgumentInvalid', 'ArgumentInvalid', 'DeviceNotFound', 'ModuleNotFound', 'ArgumentInvalid'],
    );
    assert.equal((await ask([{ id: 'gone' }])).status, 400);
    for (const [devices, policyKey] of [
      [[], 'both'],
      [[{ id: deviceId }], 'tertiaryKey'],
      [Array.from({ length: 101 }, () => ({ id: deviceId })), 'both'],
    ] as const) {
      assert.equal((await ask([...devices], policyKey)).code, 'ArgumentInvalid');
    }
  });

  test('a device signed in with a key that is renewed has to sign in again', async () => {
    const deviceId = newId('keys');
    await put(deviceId, {});
    const { primaryKey } = (await get(deviceId)).authentication.symmetricKey;
    const expirySeconds = Math.ceil(bench.clock.now() / secondMs) + 3_600;
    const resource = `${hubHost}/devices/${deviceId}`;
    const password = Buffer.from(formatSasToken({ resource, key: Buffer.from(primaryKey, 'base64'), expirySeconds }));
    const device = await bench.connect({ deviceId, password });
    assert.equal(device.answer.code, 0);
    await client.ask('POST', '/devices/keys/regenerate', { body: { policyKey: 'primaryKey', devices: [{ id: deviceId }] } });
    await until('the session is closed', () => device.closed !== undefined);
    assert.equal((await bench.connect({ deviceId, password })).answer.code, 5);
  });
});
