import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

const explorerColumns = `SELECT deviceId as DeviceId,
    status as Status,
    lastActivityTime as LastActivityTime,
    statusUpdatedTime as StatusUpdatedTime,
    authenticationType as AuthenticationType,
    cloudToDeviceMessageCount as CloudToDeviceMessageCount,
    connectionState as ConnectionState,
    capabilities.iotEdge as IotEdge,
    modelId as ModelId FROM devices`;

describe('queries over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  before(async () => {
    ({ bench, client, close } = await openHubService());
    for (const [at, deviceId] of ['ab-1', 'ab-2', 'c-3', 'd-4', 'e-5'].entries()) {
      const body = { deviceId, status: at === 2 ? 'disabled' : 'enabled', statusReason: at === 2 ? 'lent' : null };
      await client.ask('PUT', `/devices/${deviceId}`, { body });
      await client.ask('PATCH', `/twins/${deviceId}`, {
        body: { tags: { floor: at % 2, 'odd-name': { in: [at] } }, properties: { desired: { rate: at } } },
      });
    }
    await client.ask('PUT', '/devices/ab-1/modules/camera', { body: { deviceId: 'ab-1', moduleId: 'camera' } });
    await bench.hub.cloudToDevice.send('ab-1', { body: Buffer.from('x') } as never);
  });
  after(() => close());

  const ask = (query: unknown, headers: Record<string, string> = {}) =>
    client.ask('POST', '/devices/query', { body: { query }, headers });
  const rows = async (query: string) => {
    const { status, json } = await ask(query);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const ids = async (query: string): Promise<string[]> => (await rows(query)).map((row: { deviceId: string }) => row.deviceId);

  test('hub-service 43: page by page with the header of the page before, and without one after the last', async () => {
    const sizes: number[] = [];
    let continuation: string | undefined;
    do {
      const { status, headers, json } = await ask('SELECT * FROM devices', {
        'x-ms-max-item-count': '2',
        ...(continuation === undefined ? {} : { 'x-ms-continuation': continuation }),
      });
      assert.equal(status, 200);
      sizes.push(json.length);
      continuation = headers['x-ms-continuation']?.toString();
      assert.match(continuation ?? 'x', /^[A-Za-z0-9_-]{1,2048}$/);
    } while (continuation !== undefined);
    assert.deepEqual(sizes, [2, 2, 1]);
  });

  test('the page is what was asked for between 1 and 1000, and what is no number is refused', async () => {
    const size = async (count: string) => (await ask('SELECT * FROM devices', { 'x-ms-max-item-count': count })).json.length;
    assert.deepEqual([await size('0'), await size('-1'), await size('3'), await size('1000000')], [1, 1, 3, 5]);
    for (const count of ['two', '1.5', '1e3']) {
      const { status, code } = await ask('SELECT * FROM devices', { 'x-ms-max-item-count': count });
      assert.deepEqual([status, code], [400, 'ArgumentInvalid'], count);
    }
  });

  test('hub-service 44: rows are twins for everything, and raw for a projection', async () => {
    const typeOf = async (query: string) => (await ask(query)).headers['x-ms-item-type'];
    assert.equal(await typeOf('SELECT * FROM devices'), 'Twin');
    assert.equal(await typeOf('select * from devices.modules'), 'Twin');
    assert.equal(await typeOf('SELECT deviceId FROM devices'), 'Raw');
    assert.equal(await typeOf('SELECT COUNT() AS n FROM devices'), 'Raw');
  });

  test('a row is the document that the twin’s own path gives', async () => {
    for (const deviceId of ['ab-1', 'c-3']) {
      const [row] = await rows(`SELECT * FROM devices WHERE deviceId = '${deviceId}'`);
      assert.deepEqual(row, (await client.ask('GET', `/twins/${deviceId}`)).json);
    }
    const [module] = await rows('SELECT * FROM devices.modules');
    assert.deepEqual(module, (await client.ask('GET', '/twins/ab-1/modules/camera')).json);
  });

  test('hub-service 12, 45: the device list of Explorer, at the path that it encodes whole', async () => {
    const list = async (where: string) => {
      const { status, json } = await client.ask('POST', '/devices%2Fquery?api-version=2020-09-30', {
        body: { query: `${explorerColumns}${where}` },
        headers: { 'x-ms-max-item-count': '100', accept: 'application/json' },
      });
      assert.equal(status, 200);
      return json;
    };
    const [first, second] = await list(" WHERE STARTSWITH(devices.deviceId,'ab')");
    const { lastActivityTime, statusUpdateTime } = (await client.ask('GET', '/twins/ab-1')).json;
    assert.deepEqual(first, {
      DeviceId: 'ab-1',
      Status: 'enabled',
      LastActivityTime: lastActivityTime,
      StatusUpdatedTime: statusUpdateTime,
      AuthenticationType: 'sas',
      CloudToDeviceMessageCount: 1,
      ConnectionState: 'Disconnected',
      IotEdge: false,
      ModelId: '',
    });
    assert.equal(second.DeviceId, 'ab-2');
    assert.equal((await list(" WHERE (capabilities.iotEdge=true AND status='enabled')")).length, 0);
    assert.equal((await list(" WHERE (status!='disabled')")).length, 4);
    assert.deepEqual(
      (await rows("SELECT * FROM devices.modules WHERE deviceId in ['ab-1']")).map((row: { moduleId: string }) => row.moduleId),
      ['camera'],
    );
  });

  test('hub-service 46: what the command line sends', async () => {
    assert.deepEqual(await ids('select deviceId from devices where array_contains(tags.[[odd-name]].in, 3)'), ['d-4']);
    assert.deepEqual(await ids("select deviceId from devices where array_contains(parentScopes,'ms-azure-iot-edge://p-1')"), []);
    assert.deepEqual(await ids("SELECT deviceId FROM devices WHERE deviceId IN ['c-3', 'e-5', 'x']"), ['c-3', 'e-5']);
    assert.deepEqual(await ids("SELECT deviceId FROM devices WHERE deviceId NIN ['ab-1', 'ab-2', 'c-3', 'd-4']"), ['e-5']);
    assert.deepEqual(await ids('SELECT deviceId FROM devices WHERE IS_DEFINED(tags.floor) AND tags.floor = 1'), ['ab-2', 'd-4']);
    assert.deepEqual(await ids('SELECT deviceId FROM devices WHERE properties.desired.rate >= 3'), ['d-4', 'e-5']);
    assert.deepEqual(await ids("select * from devices.modules where devices.deviceId in ['ab-1','ab-2']"), ['ab-1']);
    assert.deepEqual(await ids('select * from devices where capabilities.iotEdge = true'), []);
    const applied =
      "select deviceId from devices.modules where moduleId = '$edgeAgent' and configurations.[[a-b]].status = 'Applied'";
    assert.deepEqual(await ids(applied), []);
  });

  test('hub-service 47: rows are counted by group', async () => {
    assert.deepEqual(await rows('SELECT status, COUNT() AS n FROM devices GROUP BY status'), [
      { status: 'disabled', n: 1 },
      { status: 'enabled', n: 4 },
    ]);
    assert.deepEqual(
      await rows('SELECT tags.floor AS f, COUNT() AS n, MAX(properties.desired.rate) AS most FROM devices GROUP BY tags.floor'),
      [
        { f: 0, n: 3, most: 4 },
        { f: 1, n: 2, most: 3 },
      ],
    );
  });

  test('hub-service 48: what is no query is refused with the place, and so is a body without one', async () => {
    const bad = await ask('SELECT *\nFROM devices WHERE status = ');
    assert.deepEqual([bad.status, bad.code, bad.headers['iothub-errorcode']], [400, 'ArgumentInvalid', 'ArgumentInvalid']);
    assert.match(bad.json.Message, /at line 2, column 29:/);
    for (const query of [
      'SELEC',
      '',
      5,
      null,
      ['SELECT'],
      'x'.repeat(1_000_000),
      `SELECT * FROM devices WHERE ${'('.repeat(60_000)}`,
    ]) {
      const { status, code } = await ask(query);
      assert.deepEqual([status, code], [400, 'ArgumentInvalid']);
    }
    assert.equal((await client.ask('POST', '/devices/query', { body: '{' })).status, 400);
    const token = await ask('SELECT * FROM devices', { 'x-ms-continuation': 'abc' });
    assert.deepEqual([token.status, token.code], [400, 'ArgumentInvalid']);
  });

  test('who may connect as a service may ask, and nobody else', async () => {
    const as = (policy: string) => client.ask('POST', '/devices/query', { policy, body: { query: 'SELECT * FROM devices' } });
    assert.equal((await as('service')).status, 200);
    for (const policy of ['registryRead', 'registryReadWrite', 'device']) assert.equal((await as(policy)).status, 401, policy);
  });
});
