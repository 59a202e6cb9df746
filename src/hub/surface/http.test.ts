import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { type HubBench, hubHost } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';
import { signatureOf } from '#wire/azure/sas-token.ts';

describe('the REST for back ends', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  before(async () => {
    ({ bench, client, close } = await openHubService());
    await bench.addDevice('dev1');
  });
  after(() => close());

  const ownerKey = () => {
    const policy = bench.hub.policies.find('iothubowner');
    assert.ok(policy);
    return policy;
  };
  const expirySeconds = () => Math.ceil(bench.clock.now() / secondMs) + 600;

  test('hub-service 2: sr may be percent-encoded in either case, and is signed as it stands', async () => {
    for (const sr of [`${hubHost}%2Fdevices`, `${hubHost}%2fdevices`, `${hubHost}/devices`]) {
      const authorization = sign(sr, expirySeconds(), ownerKey().primaryKey);
      assert.equal((await client.ask('GET', '/devices', { authorization })).status, 200, sr);
      const other = sign(sr.toUpperCase(), expirySeconds(), ownerKey().primaryKey).replace(sr.toUpperCase(), sr);
      assert.equal((await client.ask('GET', '/devices', { authorization: other })).status, 401, sr);
    }
  });

  test('hub-service 3, 4: the fields of a token come in any order, its signature escaped or not', async () => {
    let slashes = 0;
    for (let i = 0; i < 24; i++) {
      const [, sig = ''] = /sig=([^&]*)/.exec(sign(hubHost, expirySeconds() + i, ownerKey().primaryKey)) ?? [];
      const raw = decodeURIComponent(sig);
      slashes += raw.includes('/') ? 1 : 0;
      const likePython = encodeURIComponent(raw).replaceAll('%2F', '/').replaceAll('%3D', '=');
      const fields = [`sr=${hubHost}`, `sig=${likePython}`, `se=${expirySeconds() + i}`, 'skn=iothubowner'];
      if (i % 2) fields.splice(2, 2, 'skn=iothubowner', `se=${expirySeconds() + i}`);
      const { status } = await client.ask('GET', '/devices', { authorization: `SharedAccessSignature ${fields.join('&')}` });
      assert.equal(status, 200, fields.join('&'));
    }
    assert.ok(slashes > 0);
  });

  test('hub-service 5: an expired token is 401, and so is one that nobody signed; both are kept with the reason', async () => {
    const expired = sign(hubHost, Math.floor(bench.clock.now() / secondMs) - 3600, ownerKey().primaryKey);
    const forged = sign(hubHost, expirySeconds(), Buffer.alloc(32).toString('base64'));
    const malformed = 'SharedAccessSignature sr=x';
    for (const authorization of [expired, forged, malformed, 'Bearer eyJ0', '']) {
      const { status, headers, code, text } = await client.ask('GET', '/devices/dev1', { authorization });
      assert.deepEqual([status, headers['iothub-errorcode'], code], [401, 'IotHubUnauthorized', 'IotHubUnauthorized']);
      assert.doesNotMatch(text, /expire|sign with|policy/i);
    }
    await bench.refusals.flush();
    const reasons = (await bench.refusals.list({ service: 'hub' })).map(({ reason }) => reason);
    for (const reason of ['token-expired', 'token-signature', 'token-malformed', 'token-missing'])
      assert.ok(reasons.includes(reason), reason);
  });

  test('hub-service 9: a token for /devices is refused at a twin and accepted at a device', async () => {
    const authorization = client.tokenOf('iothubowner', `${hubHost}/devices`);
    assert.equal((await client.ask('GET', '/devices/dev1', { authorization })).status, 200);
    assert.equal((await client.ask('GET', '/devices%2Fdev1', { authorization })).status, 200);
    assert.equal((await client.ask('GET', '/twins/dev1', { authorization })).status, 401);
    assert.equal((await client.ask('GET', '/twins%2Fdev1', { authorization })).status, 401);
  });

  test('hub-service 10, 11: the secondary key is as good, also without the padding of its base64', async () => {
    const { secondaryKey } = ownerKey();
    const authorization = sign(hubHost, expirySeconds(), secondaryKey.replace(/=+$/, ''));
    assert.equal((await client.ask('GET', '/devices', { authorization })).status, 200);
  });

  test('hub-service 12, 14: encoded separators, other case and one trailing slash lead to the same route', async () => {
    for (const url of [
      '/devices/dev1',
      '/devices%2Fdev1',
      '/Devices/dev1',
      '/DEVICES%2fdev1',
      '/devices/dev1/',
      '/devices%2Fdev1%2F',
    ]) {
      const { status, json } = await client.ask('GET', url);
      assert.deepEqual([status, json.deviceId], [200, 'dev1'], url);
    }
    const list = await client.ask('GET', '/devices/');
    assert.ok(Array.isArray(list.json));
    const created = await client.ask('PUT', '/devices%2Fabc', { body: { deviceId: 'abc' } });
    assert.deepEqual([created.status, created.json.deviceId], [200, 'abc']);
    const query = await client.ask('POST', '/devices%2Fquery', { body: { query: 'SELECT * FROM devices' } });
    assert.ok(query.json.some((twin: { deviceId: string }) => twin.deviceId === 'abc'));
    assert.equal((await client.ask('GET', '/devices/DEV1')).code, 'DeviceNotFound');
  });

  test('an id that is encoded twice is found, under a token that is good for the device it leads to', async () => {
    await client.ask('PUT', '/devices/two%23', { body: {} });
    assert.equal((await client.ask('GET', '/devices/two%2523')).json.deviceId, 'two#');
    assert.equal((await client.ask('GET', '/twins/two%2523')).json.deviceId, 'two#');
    const narrow = client.tokenOf('iothubowner', `${hubHost}/devices/two%2523`);
    assert.equal((await client.ask('GET', '/devices/two%2523', { authorization: narrow })).status, 401);
    assert.equal((await client.ask('GET', '/devices/none%2523')).code, 'DeviceNotFound');
    // Written is only what was named.
    assert.equal((await client.ask('DELETE', '/devices/two%2523')).code, 'DeviceNotFound');
    assert.equal((await client.ask('PUT', '/devices/two%2523', { ifMatch: '*', body: {} })).code, 'DeviceNotFound');
    assert.equal((await client.ask('PUT', '/devices/two%2523', { body: {} })).json.deviceId, 'two%23');
    assert.equal((await client.ask('GET', '/devices/two%2523')).json.deviceId, 'two%23');
    assert.equal((await client.ask('GET', '/devices/two%23')).json.deviceId, 'two#');
  });

  test('hub-service 13: api-version is a date of any generation, and mandatory', async () => {
    for (const version of ['2016-02-03', '2018-06-30', '2020-06-30-preview', '2020-09-30', '2021-04-12', '2024-03-31']) {
      assert.equal((await client.ask('GET', `/devices/dev1?api-version=${version}`)).status, 200, version);
    }
    for (const query of [
      '?',
      '?api-version=',
      '?api-version=latest',
      '?api-version=2015-12-31',
      '?api-version=2021-13-01',
      '?x=2021-04-12',
    ]) {
      const { status, headers, code } = await client.ask('GET', `/devices/dev1${query}`);
      assert.deepEqual(
        [status, headers['iothub-errorcode'], code],
        [400, 'InvalidProtocolVersion', 'InvalidProtocolVersion'],
        query,
      );
    }
  });

  test('an option that nobody implements is refused, not ignored', async () => {
    for (const query of ['&maxCount=5', '&api-version=2021-04-12', '&top=2']) {
      assert.equal((await client.ask('GET', `/devices/dev1?api-version=2021-04-12${query}`)).code, 'ArgumentInvalid', query);
    }
  });

  test('hub-service 16, 17: every error is JSON, says what it is in header and body, and has no second semicolon', async () => {
    const asks: [method: string, path: string, body: unknown, expected: string][] = [
      ['GET', '/devices/gone;1', undefined, 'DeviceNotFound'],
      ['GET', '/devices/dev1/modules/m', undefined, 'ModuleNotFound'],
      ['GET', '/twins/dev1/modules/m', undefined, 'ModuleNotFound'],
      ['PUT', '/devices/gone/modules/m', {}, 'DeviceNotFound'],
      ['PUT', '/devices/dev1/modules/$edgeHub', {}, 'SystemModuleModifyUnauthorizedAccess'],
      ['PUT', '/devices/dev1', {}, 'DeviceAlreadyExists'],
      ['PUT', '/devices/leaf', { deviceScope: 'ms-azure-iot-edge://e-1' }, 'InvalidDeviceScope'],
      ['PUT', '/devices/a b', {}, 'ArgumentInvalid'],
      ['PUT', '/devices/x', '{"deviceId":', 'IotHubFormatError'],
      ['PUT', '/devices/x', '[]', 'ArgumentInvalid'],
      ['PUT', '/devices/x', undefined, 'ArgumentInvalid'],
      ['PUT', '/devices/x', { deviceId: 'y' }, 'ArgumentInvalid'],
      ['PATCH', '/twins/dev1', { tags: { 'a.b': 1 } }, 'ArgumentInvalid'],
      ['PATCH', '/twins/dev1', `{"tags":{"a":"${'x'.repeat(300_000)}"}}`, 'MessageTooLarge'],
      ['PATCH', '/devices/dev1', {}, 'FeatureNotSupported'],
      ['GET', '/jobs/v2/none', undefined, 'JobNotFound'],
      ['GET', '/configurations/none', undefined, 'ConfigurationNotFound'],
      ['DELETE', '/messages/serviceBound/feedback/x', undefined, 'DeviceMessageLockLost'],
      ['GET', '/devices/dev1/nothing/here', undefined, 'FeatureNotSupported'],
      ['GET', '/devices/%', undefined, 'IotHubFormatError'],
      ['GET', '/devices/%ff', undefined, 'IotHubFormatError'],
      ['GET', `/devices/${'x'.repeat(600)}`, undefined, 'IotHubFormatError'],
    ];
    for (const [method, path, body, expected] of asks) {
      const { status, headers, json } = await client.ask(method, path.replace(' ', '%20'), { body });
      const what = `${method} ${path.slice(0, 40)}`;
      assert.equal(headers['iothub-errorcode'], expected, what);
      assert.match(json.Message, new RegExp(`^ErrorCode:${expected};[^;]+$`), what);
      assert.match(json.ExceptionMessage, /^Tracking ID:[0-9a-f-]{36}-G:0-TimeStamp:\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/);
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.ok(status >= 400 && status < 500, what);
    }
  });

  test('every answer carries the headers that the service sends', async () => {
    for (const path of ['/devices/dev1', '/devices/nobody', '/devices', '/statistics/devices']) {
      const { headers, json } = await client.ask('GET', path);
      assert.match(String(headers['x-ms-request-id']), /^[0-9a-f-]{36}$/);
      assert.equal(headers.vary, 'Origin');
      assert.equal(headers['content-type'], 'application/json; charset=utf-8');
      assert.ok(headers.date);
      if (json.ExceptionMessage) assert.ok(json.ExceptionMessage.includes(String(headers['x-ms-request-id'])));
    }
  });
});

/** A token over `sr` exactly as it is given. */
function sign(sr: string, se: number, key: string): string {
  const signature = signatureOf(`${sr}\n${se}`, Buffer.from(key, 'base64')).toString('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${se}&skn=iothubowner`;
}
