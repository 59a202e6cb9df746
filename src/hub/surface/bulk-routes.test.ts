import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

describe('many identities in one call', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  const newIds = (count: number) => Array.from({ length: count }, () => `d${++made}`);
  const bulk = (body: unknown) => client.ask('POST', '/devices', { body });
  const get = async (id: string) => (await client.ask('GET', `/devices/${id}`)).json;
  const success = { isSuccessful: true, errors: [], warnings: [] };

  test('hub-service 27: a hundred succeed; none, a hundred and one, and a name that stands twice are refused whole', async () => {
    const ids = newIds(100);
    const created = await bulk(ids.map((id) => ({ id, importMode: 'create' })));
    assert.deepEqual([created.status, created.json], [200, success]);
    assert.equal(Buffer.from((await get(ids[99] ?? '')).authentication.symmetricKey.primaryKey, 'base64').length, 32);
    const [first] = newIds(101);
    const many = await bulk(Array.from({ length: 101 }, (_, i) => ({ id: `${first}-${i}`, importMode: 'create' })));
    assert.deepEqual([many.status, many.code, many.headers['iothub-errorcode']], [400, 'TooManyDevices', 'TooManyDevices']);
    // Each of these would be looked at and complained about, if somebody counted last.
    assert.equal((await bulk(Array.from({ length: 200_000 }, () => ({})))).code, 'TooManyDevices');
    const twice = await bulk([{ id: first }, { id: 'other' }, { id: first }]);
    assert.deepEqual([twice.status, twice.code], [400, 'DeviceDefinedMultipleTimes']);
    for (const body of [[], {}, [{ importMode: 'create' }], [{ id: first, tags: 5 }], 'x']) {
      assert.equal((await bulk(body)).status, 400);
    }
    assert.equal((await client.ask('GET', `/devices/${first}`)).status, 404);
  });

  test('hub-service 28: what fails is named with its code, and the others are done', async () => {
    const [known, fresh, wrong, last] = newIds(4);
    await bulk([{ id: known }]);
    const { status, json } = await bulk([
      { id: known, importMode: 'create' },
      { id: fresh, importMode: 'create' },
      { id: 'a b', importMode: 'create' },
      { id: wrong, importMode: 'upsert' },
      { id: last, moduleId: 'm', importMode: 'create' },
      { id: last, importMode: 'create', deviceScope: 'ms-azure-iot-edge://x-1' },
    ]);
    assert.equal(status, 400);
    assert.equal(json.isSuccessful, false);
    assert.deepEqual(
      json.errors.map((error: { deviceId: string; errorCode: string }) => [error.deviceId, error.errorCode]),
      [
        [known, 'DeviceAlreadyExists'],
        ['a b', 'ArgumentInvalid'],
        [wrong, 'ArgumentInvalid'],
        [last, 'DeviceNotFound'],
        [last, 'InvalidDeviceScope'],
      ],
    );
    assert.deepEqual(Object.keys(json.errors[0]), ['deviceId', 'errorCode', 'errorStatus', 'moduleId', 'operation']);
    assert.equal((await get(fresh ?? '')).deviceId, fresh);
  });

  test('hub-service 29: modes are read in any case, and tags in either spelling', async () => {
    const [id = ''] = newIds(1);
    assert.deepEqual(
      (await bulk([{ id, importMode: 'CREATE', tags: { a: 1 }, properties: { desired: { b: 2 } } }])).json,
      success,
    );
    const created = await get(id);
    assert.deepEqual((await bulk([{ id, importMode: 'Update', status: 'disabled' }])).json, success);
    const disabled = await get(id);
    assert.equal(disabled.status, 'disabled');
    assert.deepEqual(disabled.authentication, created.authentication);
    for (const field of ['eTag', 'etag']) {
      for (const importMode of ['UpdateIfMatchETag', 'deleteIfMatchEtag', 'createOrUpdateIfMatchETag']) {
        const { json } = await bulk([{ id, importMode, [field]: created.etag, status: 'enabled' }]);
        assert.equal(json.errors[0].errorCode, 'PreconditionFailed', importMode);
      }
    }
    const untagged = await bulk([{ id, importMode: 'updateIfMatchETag', status: 'enabled' }]);
    assert.equal(untagged.json.errors[0].errorCode, 'ArgumentInvalid');
    assert.deepEqual(await get(id), disabled);
    assert.deepEqual(
      (await bulk([{ id, importMode: 'updateIfMatchETag', etag: disabled.etag, status: 'enabled' }])).json,
      success,
    );
    assert.deepEqual((await bulk([{ id, importMode: 'updateTwin', tags: { a: null, c: 3 } }])).json, success);
    const twin = (await client.ask('GET', `/twins/${id}`)).json;
    assert.deepEqual([twin.tags, twin.properties.desired.b], [{ c: 3 }, 2]);
    const stale = await bulk([{ id, importMode: 'updateTwinIfMatchETag', twinETag: 'AAAAAAAAAAE=', tags: { c: 4 } }]);
    assert.equal(stale.json.errors[0].errorCode, 'PreconditionFailed');
    assert.deepEqual((await bulk([{ id, importMode: 'deleteIfMatchEtag', eTag: '*' }])).json, success);
    assert.equal((await bulk([{ id, importMode: 'Delete' }])).json.errors[0].errorCode, 'DeviceNotFound');
    assert.equal((await bulk([{ id, importMode: 'update' }])).json.errors[0].errorCode, 'DeviceNotFound');
    assert.deepEqual((await bulk([{ id, importMode: 'createOrUpdateIfMatchETag' }])).json, success);
  });
});
