import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs } from '#base/instant.ts';
import { type HubBench, until } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const sha1 = 'A'.repeat(40);
const sha256 = 'B'.repeat(64);
const never = '0001-01-01T00:00:00Z';

describe('the registry over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  async function newDevice(body: object = {}) {
    const deviceId = `d${++made}`;
    const { status, json } = await client.ask('PUT', `/devices/${deviceId}`, { body: { deviceId, ...body } });
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  }
  const keysOf = (device: { authentication: { symmetricKey: unknown } }) => device.authentication.symmetricKey;

  test('hub-service 18: an identity without keys gets two of 32 bytes, and every field a client reads', async () => {
    for (const authentication of [
      undefined,
      null,
      { type: 'sas' },
      { type: 'sas', symmetricKey: { primaryKey: '', secondaryKey: null } },
    ]) {
      const device = await newDevice({ authentication });
      const { symmetricKey } = device.authentication;
      for (const key of [symmetricKey.primaryKey, symmetricKey.secondaryKey]) assert.equal(Buffer.from(key, 'base64').length, 32);
      assert.notEqual(symmetricKey.primaryKey, symmetricKey.secondaryKey);
      assert.match(device.generationId, /^\d+$/);
      assert.match(device.etag, /^[^",\s]+$/);
      const { deviceId, generationId, etag, ...rest } = device;
      assert.deepEqual(rest, {
        connectionState: 'Disconnected',
        status: 'enabled',
        statusReason: null,
        connectionStateUpdatedTime: never,
        statusUpdatedTime: never,
        lastActivityTime: never,
        cloudToDeviceMessageCount: 0,
        authentication: { symmetricKey, x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null }, type: 'sas' },
        capabilities: { iotEdge: false },
        parentScopes: [],
      });
      const read = await client.ask('GET', `/devices/${deviceId}`);
      assert.deepEqual(read.json, device);
      assert.equal(read.headers.etag, `"${etag}"`);
    }
  });

  test('chosen keys are kept; one that is too short, too long or no base64 is refused', async () => {
    const symmetricKey = {
      primaryKey: Buffer.alloc(16, 1).toString('base64'),
      secondaryKey: Buffer.alloc(64, 2).toString('base64'),
    };
    assert.deepEqual(keysOf(await newDevice({ authentication: { type: 'sas', symmetricKey } })), symmetricKey);
    for (const primaryKey of [Buffer.alloc(15).toString('base64'), Buffer.alloc(65).toString('base64'), '?'.repeat(24)]) {
      const body = { authentication: { type: 'sas', symmetricKey: { ...symmetricKey, primaryKey } } };
      assert.equal((await client.ask('PUT', '/devices/wrong', { body })).code, 'ArgumentInvalid', primaryKey);
    }
  });

  test('hub-service 19, 22: without If-Match a PUT only creates, with one it only changes', async () => {
    const { deviceId, etag } = await newDevice();
    const again = await client.ask('PUT', `/devices/${deviceId}`, { body: { deviceId } });
    assert.deepEqual([again.status, again.code], [409, 'DeviceAlreadyExists']);
    for (const ifMatch of ['*', '"*"', '"MTIz"', '']) {
      const { status, code } = await client.ask('PUT', '/devices/absent', { ifMatch, body: {} });
      assert.deepEqual([status, code], [404, 'DeviceNotFound'], ifMatch);
    }
    assert.equal((await client.ask('GET', '/devices/absent')).status, 404);
    for (const ifMatch of ['*', '"*"', etag, `"${etag}"`, `W/"${etag}"`]) {
      assert.equal((await client.ask('PUT', `/devices/${deviceId}`, { ifMatch, body: {} })).status, 200, ifMatch);
    }
  });

  test('hub-service 20: what an update leaves out stays, keys above all', async () => {
    const device = await newDevice({ statusReason: 'new' });
    const url = `/devices/${device.deviceId}`;
    bench.clock.advance(hourMs);
    const disabled = await client.ask('PUT', url, { ifMatch: '*', body: { deviceId: device.deviceId, status: 'disabled' } });
    assert.deepEqual(keysOf(disabled.json), keysOf(device));
    assert.deepEqual([disabled.json.status, disabled.json.statusReason], ['disabled', 'new']);
    assert.notEqual(disabled.json.statusUpdatedTime, never);
    assert.notEqual(disabled.json.etag, device.etag);
    assert.equal(disabled.json.generationId, device.generationId);
    // As Node sends an update for which the caller gave no authentication.
    const likeNode = { type: 'sas', symmetricKey: { primaryKey: '', secondaryKey: '' } };
    const { json } = await client.ask('PUT', url, { ifMatch: '*', body: { authentication: likeNode, statusReason: '' } });
    assert.deepEqual(keysOf(json), keysOf(device));
    assert.deepEqual(
      [json.status, json.statusReason, json.statusUpdatedTime],
      ['disabled', null, disabled.json.statusUpdatedTime],
    );
  });

  test('hub-service 21: an update or deletion with a stale tag is 412 and changes nothing', async () => {
    const { deviceId, etag } = await newDevice();
    const url = `/devices/${deviceId}`;
    const { json: changed } = await client.ask('PUT', url, { ifMatch: `"${etag}"`, body: { status: 'disabled' } });
    for (const ifMatch of [etag, `"${etag}"`, '"old"', '']) {
      const put = await client.ask('PUT', url, { ifMatch, body: { status: 'enabled' } });
      assert.deepEqual([put.status, put.code], [412, 'PreconditionFailed'], ifMatch);
      assert.equal((await client.ask('DELETE', url, { ifMatch })).status, 412);
    }
    assert.deepEqual((await client.ask('GET', url)).json, changed);
    assert.equal((await client.ask('DELETE', url, { ifMatch: `"${changed.etag}"` })).status, 204);
  });

  test('hub-service 23: a deletion is 204 without a body, the next one 404', async () => {
    for (const ifMatch of [undefined, '"*"']) {
      const { deviceId } = await newDevice();
      const options = ifMatch === undefined ? {} : { ifMatch };
      const gone = await client.ask('DELETE', `/devices/${deviceId}`, options);
      assert.deepEqual([gone.status, gone.text], [204, '']);
      const again = await client.ask('DELETE', `/devices/${deviceId}`, options);
      assert.deepEqual([again.status, again.code], [404, 'DeviceNotFound']);
    }
  });

  test('hub-service 24, 25: thumbprints come back with keys of null, a CA-signed identity has neither', async () => {
    const none = { primaryKey: null, secondaryKey: null };
    const selfSigned = await newDevice({
      authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: sha1, secondaryThumbprint: sha256 } },
    });
    assert.deepEqual(selfSigned.authentication, {
      symmetricKey: none,
      x509Thumbprint: { primaryThumbprint: sha1, secondaryThumbprint: sha256 },
      type: 'selfSigned',
    });
    const ca = await newDevice({ authentication: { type: 'certificateAuthority' } });
    assert.deepEqual(ca.authentication, {
      symmetricKey: none,
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
      type: 'certificateAuthority',
    });
    const untyped = await newDevice({ authentication: { x509Thumbprint: { primaryThumbprint: sha1 } } });
    assert.equal(untyped.authentication.type, 'selfSigned');
    for (const authentication of [
      { type: 'selfSigned' },
      { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'AB' } },
      { type: 'none' },
      { type: 'tpm' },
    ]) {
      assert.equal((await client.ask('PUT', '/devices/wrong', { body: { authentication } })).code, 'ArgumentInvalid');
    }
  });

  test('hub-service 26: ids with every legal character come back as they are', async () => {
    const ids = ["a%+#?'b", 'x:y@z', '100%', '%41', '-:.+%_#*?!(),=@;$', "'", '..', 'x'.repeat(128), '%'.repeat(128)];
    for (const deviceId of ids) {
      const url = `/devices/${encodeURIComponent(deviceId)}`;
      const { status, json } = await client.ask('PUT', url, { body: { deviceId } });
      assert.deepEqual([status, json.deviceId], [200, deviceId]);
      assert.deepEqual((await client.ask('GET', url)).json, json);
      assert.equal((await client.ask('GET', `/twins/${encodeURIComponent(deviceId)}`)).json.deviceId, deviceId);
      assert.equal((await client.ask('DELETE', url)).status, 204);
    }
    for (const wrong of ['a/b', 'a b', 'ä', 'x'.repeat(129)]) {
      const { status } = await client.ask('PUT', `/devices/${encodeURIComponent(wrong)}`, { body: {} });
      assert.ok(status === 400 || status === 404, wrong);
    }
  });

  test('hub-service 34: the numbers of the statistics are those of the devices', async () => {
    const before = (await client.ask('GET', '/statistics/devices')).json;
    await newDevice();
    await newDevice({ status: 'disabled' });
    const now = (await client.ask('GET', '/statistics/devices')).json;
    assert.deepEqual(now, {
      totalDeviceCount: before.totalDeviceCount + 2,
      enabledDeviceCount: before.enabledDeviceCount + 1,
      disabledDeviceCount: before.disabledDeviceCount + 1,
    });
    const all = (await client.ask('GET', '/devices')).json;
    assert.equal(all.length, now.totalDeviceCount);
    assert.deepEqual((await client.ask('GET', '/statistics/service')).json, { connectedDeviceCount: 0 });
  });

  test('top takes as many as it says, and everything up to the limit where it says nothing sensible', async () => {
    await newDevice();
    await newDevice();
    const all = (await client.ask('GET', '/devices')).json;
    const listed = async (top: string) => (await client.ask('GET', `/devices/?api-version=2021-04-12&top=${top}`)).json;
    assert.deepEqual(await listed('2'), all.slice(0, 2));
    for (const top of ['0', '-1', '1001']) assert.deepEqual(await listed(top), all, top);
    assert.equal((await client.ask('GET', '/devices?api-version=2021-04-12&top=two')).code, 'ArgumentInvalid');
  });

  test('hub-service 35: disabling a device ends its session and says so', async () => {
    await bench.addDevice('busy');
    const device = await bench.connect({ deviceId: 'busy' });
    const present = (await client.ask('GET', '/devices/busy')).json;
    assert.equal(present.connectionState, 'Connected');
    assert.notEqual(present.connectionStateUpdatedTime, never);
    assert.deepEqual((await client.ask('GET', '/statistics/service')).json, { connectedDeviceCount: 1 });
    await client.ask('PUT', '/devices/busy', { ifMatch: '*', body: { statusReason: 'still fine' } });
    assert.equal(device.closed, undefined);
    const { json } = await client.ask('PUT', '/devices/busy', {
      ifMatch: '*',
      body: { status: 'disabled', statusReason: 'stolen' },
    });
    await until('the session ends', () => device.closed !== undefined);
    assert.deepEqual([json.connectionState, json.status, json.statusReason], ['Disconnected', 'disabled', 'stolen']);
    const [listed] = (await client.ask('GET', '/devices')).json.filter(
      ({ deviceId }: { deviceId: string }) => deviceId === 'busy',
    );
    assert.deepEqual(listed, json);
  });
});
