import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { minuteMs } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { eventually } from '#test/support/eventually.ts';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

describe('configurations over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  /** Devices under a tag that no other test's have. */
  async function newFleet(count: number) {
    const fleet = `f${++made}`;
    const deviceIds = Array.from({ length: count }, (_, i) => `${fleet}-${i}`);
    for (const deviceId of deviceIds) {
      await bench.addDevice(deviceId);
      await client.ask('PATCH', `/twins/${deviceId}`, { body: { tags: { fleet } } });
    }
    return { fleet, deviceIds, condition: `tags.fleet = '${fleet}'`, id: `c-${fleet}` };
  }
  const put = (id: string, body: object, ifMatch?: string) =>
    client.ask('PUT', `/configurations/${id}`, { body: { id, ...body }, ...(ifMatch === undefined ? {} : { ifMatch }) });
  const twinOf = async (path: string) => (await client.ask('GET', `/twins/${path}`)).json;
  const desiredOf = async (path: string) => {
    const { $metadata: _, $version: __, ...desired } = (await twinOf(path)).properties.desired;
    return desired;
  };
  const until = (isSo: () => Promise<boolean>) => eventually(async () => (await isSo()) || undefined);
  const untilDesired = (path: string, wanted: JsonObject) => until(async () => isDeepStrictEqual(await desiredOf(path), wanted));
  const forDevices = (values: JsonObject, targetCondition: string, more: object = {}) => ({
    content: { deviceContent: values },
    targetCondition,
    priority: 10,
    ...more,
  });

  test('hub-service 60: the devices that it is meant for get its content and say so, also one that comes later', async () => {
    const { fleet, deviceIds, condition, id } = await newFleet(3);
    const [first = '', second = ''] = deviceIds;
    await client.ask('PATCH', `/twins/${first}`, { body: { properties: { desired: { settings: { keep: 1, x: 0 } } } } });
    const { status, json } = await put(id, forDevices({ 'properties.desired.settings.x': 5 }, condition, { labels: { a: 'b' } }));
    assert.equal(status, 200);
    assert.deepEqual(
      [json.id, json.schemaVersion, json.contentType, json.priority, json.labels, json.metrics],
      [id, '1.0', 'assignment', 10, { a: 'b' }, { queries: {}, results: {} }],
    );
    await untilDesired(first, { settings: { keep: 1, x: 5 } });
    await untilDesired(second, { settings: { x: 5 } });
    assert.deepEqual((await twinOf(first)).configurations, { [id]: { status: 'Applied' } });
    const query = `SELECT deviceId FROM devices WHERE configurations.[[${id}]].status = 'Applied'`;
    const rows = (await client.ask('POST', '/devices/query', { policy: 'service', body: { query } })).json;
    assert.equal(rows.length, 3);
    await bench.addDevice(`${fleet}-late`);
    await client.ask('PATCH', `/twins/${fleet}-late`, { body: { tags: { fleet } } });
    await untilDesired(`${fleet}-late`, { settings: { x: 5 } });
    await until(async () => (await client.ask('GET', `/configurations/${id}`)).json.systemMetrics.results.appliedCount === 4);
  });

  test('of several the one with the highest priority holds, of equal ones the newer; who leaves one comes to the next', async () => {
    const { deviceIds, condition, id } = await newFleet(1);
    const [deviceId = ''] = deviceIds;
    await put(
      `${id}-low`,
      forDevices({ 'properties.desired.from': 'low', 'properties.desired.low': 1 }, condition, { priority: 1 }),
    );
    await untilDesired(deviceId, { from: 'low', low: 1 });
    bench.clock.advance(1);
    await put(
      `${id}-high`,
      forDevices({ 'properties.desired.from': 'high' }, `${condition} AND NOT IS_DEFINED(tags.out)`, { priority: 5 }),
    );
    await untilDesired(deviceId, { from: 'high', low: 1 });
    assert.deepEqual((await twinOf(deviceId)).configurations, {
      [`${id}-high`]: { status: 'Applied' },
      [`${id}-low`]: { status: 'Targeted' },
    });
    bench.clock.advance(1);
    await put(`${id}-newer`, forDevices({ 'properties.desired.from': 'newer' }, condition, { priority: 5 }));
    await untilDesired(deviceId, { from: 'newer', low: 1 });
    await client.ask('DELETE', `/configurations/${id}-newer`);
    await untilDesired(deviceId, { from: 'high', low: 1 });
    await client.ask('PATCH', `/twins/${deviceId}`, { body: { tags: { out: true } } });
    await untilDesired(deviceId, { from: 'low', low: 1 });
    assert.deepEqual((await twinOf(deviceId)).configurations, { [`${id}-low`]: { status: 'Applied' } });
    await client.ask('DELETE', `/configurations/${id}-low`);
    await until(async () => (await twinOf(deviceId)).configurations === undefined);
    assert.deepEqual(await desiredOf(deviceId), { from: 'low', low: 1 }, 'what was written stays');
  });

  test('hub-service 61: the content stays as it was made; priority, condition, labels and metrics change', async () => {
    const { deviceIds, condition, id } = await newFleet(2);
    const [first = '', second = ''] = deviceIds;
    const created = await put(id, forDevices({ 'properties.desired': { mode: 'a' } }, `${condition} AND deviceId = '${first}'`));
    await untilDesired(first, { mode: 'a' });
    assert.equal(
      (await put(id, forDevices({ 'properties.desired': { mode: 'b' } }, condition), '*')).code,
      'CannotModifyImmutableConfigurationContent',
    );
    assert.equal(
      (await put(id, forDevices({ 'properties.desired': { mode: 'a' } }, condition))).code,
      'ConfigurationAlreadyExists',
    );
    assert.equal((await put(id, { priority: 3 }, '"old"')).code, 'PreconditionFailed');
    const changed = await put(
      id,
      forDevices({ 'properties.desired': { mode: 'a' } }, condition, { priority: 3 }),
      `"${created.json.etag}"`,
    );
    assert.deepEqual([changed.status, changed.json.priority], [200, 3]);
    assert.notEqual(changed.json.etag, created.json.etag);
    await untilDesired(second, { mode: 'a' });
    const versions = (await twinOf(first)).properties.desired.$version;
    assert.equal(versions, 2, 'what a device has is not written again');
  });

  test('modules are configured by their own condition', async () => {
    const { fleet, deviceIds, id } = await newFleet(1);
    const [deviceId = ''] = deviceIds;
    await client.ask('PUT', `/devices/${deviceId}/modules/m`, { body: {} });
    await client.ask('PATCH', `/twins/${deviceId}/modules/m`, { body: { tags: { fleet } } });
    const content = { moduleContent: { 'properties.desired.rate': 7 } };
    const condition = `FROM devices.modules WHERE tags.fleet = '${fleet}'`;
    assert.equal((await put(id, { content, targetCondition: condition, priority: 1 })).status, 200);
    await untilDesired(`${deviceId}/modules/m`, { rate: 7 });
    assert.deepEqual(await desiredOf(deviceId), {});
    assert.deepEqual((await twinOf(`${deviceId}/modules/m`)).configurations, { [id]: { status: 'Applied' } });
  });

  test('hub-service 62: a deployment reaches the modules of edge devices, and the queries that count it run as they stand', async () => {
    const { fleet, condition, id } = await newFleet(1);
    const edge = `${fleet}-edge`;
    await client.ask('PUT', `/devices/${edge}`, { body: { capabilities: { iotEdge: true } } });
    await client.ask('PATCH', `/twins/${edge}`, { body: { tags: { fleet } } });
    const modulesContent = {
      $edgeAgent: { 'properties.desired': { schemaVersion: '1.1', modules: { sensor: { status: 'running' } } } },
      $edgeHub: { 'properties.desired': { routes: { up: 'FROM /messages/* INTO $upstream' } } },
      sensor: { 'properties.desired.interval': 3 },
    };
    const metrics = { queries: { all: `SELECT deviceId FROM devices WHERE ${condition}` } };
    assert.equal((await put(id, { content: { modulesContent }, targetCondition: condition, priority: 1, metrics })).status, 200);
    await untilDesired(`${edge}/modules/$edgeAgent`, { schemaVersion: '1.1', modules: { sensor: { status: 'running' } } });
    await untilDesired(`${edge}/modules/sensor`, { interval: 3 });
    await until(async () => (await twinOf(`${edge}/modules/$edgeAgent`)).configurations?.[id]?.status === 'Applied');
    assert.equal((await twinOf(edge)).configurations, undefined);
    bench.clock.advance(5 * minuteMs);
    await until(async () => (await client.ask('GET', `/configurations/${id}`)).json.metrics.results.all === 2);
    const { systemMetrics } = (await client.ask('GET', `/configurations/${id}`)).json;
    assert.deepEqual(systemMetrics.results, {
      targetedCount: 1,
      appliedCount: 1,
      reportedSuccessfulCount: 0,
      reportedFailedCount: 0,
    });
    for (const [name, query] of Object.entries(systemMetrics.queries)) {
      const { status, json } = await client.ask('POST', '/devices/query', { policy: 'service', body: { query } });
      assert.deepEqual([status, json.length], [200, systemMetrics.results[name]], `${name}: ${query}`);
    }
  });

  test('hub-service 62: the queries of a configuration of devices run as they stand, whatever its condition', async () => {
    const { condition, id } = await newFleet(2);
    for (const [at, targetCondition, targeted] of [
      ['own', condition, 2],
      ['none', '', 0],
    ] as const) {
      await put(`${id}-${at}`, forDevices({ [`properties.desired.${at}`]: 1 }, targetCondition));
      await until(
        async () => (await client.ask('GET', `/configurations/${id}-${at}`)).json.systemMetrics.results.appliedCount === targeted,
      );
      const { queries } = (await client.ask('GET', `/configurations/${id}-${at}`)).json.systemMetrics;
      for (const query of Object.values(queries)) {
        const { status, json } = await client.ask('POST', '/devices/query', { policy: 'service', body: { query } });
        assert.deepEqual([status, json.length], [200, targeted], String(query));
      }
    }
  });

  test('hub-service 63: testQueries says what is wrong, in words, and nothing of what is right', async () => {
    const ask = async (body: object) => (await client.ask('POST', '/configurations/testQueries', { body })).json;
    assert.deepEqual(await ask({ targetCondition: "tags.a = 'b'", customMetricQueries: { n: 'SELECT deviceId FROM devices' } }), {
      targetConditionError: '',
      customMetricQueryErrors: { n: '' },
    });
    assert.deepEqual(await ask({}), { targetConditionError: '', customMetricQueryErrors: {} });
    assert.deepEqual(await ask({ targetCondition: 'FROM devices.modules WHERE moduleId = 1' }), {
      targetConditionError: '',
      customMetricQueryErrors: {},
    });
    const wrong = await ask({ targetCondition: 'bad(', customMetricQueries: { n: 'SELEC', m: 'SELECT * FROM nowhere' } });
    for (const text of [wrong.targetConditionError, wrong.customMetricQueryErrors.n, wrong.customMetricQueryErrors.m])
      assert.ok(text.length > 0);
  });

  test('hub-service 64: a content is written to the modules of one edge device, which are made, and others go', async () => {
    const edge = `e${++made}`;
    await client.ask('PUT', `/devices/${edge}`, { body: { capabilities: { iotEdge: true } } });
    await client.ask('PUT', `/devices/${edge}/modules/old`, { body: {} });
    const apply = (deviceId: string, body: object) =>
      client.ask('POST', `/devices/${deviceId}/applyConfigurationContent`, { body });
    const modulesContent = {
      $edgeAgent: { 'properties.desired': { modules: { sensor: {} } } },
      sensor: { 'properties.desired': { interval: 9 }, 'properties.desired.mode.name': 'fast' },
    };
    const answer = await apply(edge, { modulesContent });
    assert.deepEqual([answer.status, answer.text], [204, '']);
    assert.deepEqual(await desiredOf(`${edge}/modules/sensor`), { interval: 9, mode: { name: 'fast' } });
    const modules = (await client.ask('GET', `/devices/${edge}/modules`)).json;
    assert.deepEqual(
      modules.map((module: { moduleId: string; managedBy: string }) => [module.moduleId, module.managedBy]),
      [
        ['$edgeAgent', 'iotEdge'],
        ['$edgeHub', 'iotEdge'],
        ['sensor', 'iotEdge'],
      ],
    );
    await apply(edge, { modulesContent: { sensor: { 'properties.desired': { interval: 1 } } } });
    assert.deepEqual(await desiredOf(`${edge}/modules/sensor`), { interval: 1 }, 'the whole is put in the place of the whole');
    const { deviceIds } = await newFleet(1);
    assert.equal((await apply(deviceIds[0] ?? '', { modulesContent })).code, 'InvalidConfigurationContent');
    assert.equal((await apply('nobody', { modulesContent })).code, 'DeviceNotFound');
  });

  test('what is no configuration is refused by its code, and nothing is kept of it', async () => {
    const good = forDevices({ 'properties.desired.a': 1 }, '');
    const rows: [string, object, string][] = [
      ['Bad', good, 'ArgumentInvalid'],
      ['bad', {}, 'InvalidConfigurationContent'],
      ['bad', { content: {} }, 'InvalidConfigurationContent'],
      ['bad', { content: { deviceContent: {}, moduleContent: {} } }, 'InvalidConfigurationContent'],
      ['bad', { content: { deviceContent: { 'tags.a': 1 } } }, 'InvalidConfigurationContent'],
      ['bad', { content: { deviceContent: { 'properties.desired.': 1 } } }, 'InvalidConfigurationContent'],
      ['bad', { content: { deviceContent: { 'properties.desired': 1 } } }, 'InvalidConfigurationContent'],
      ['bad', { content: { deviceContent: { 'properties.desired.a': null } } }, 'InvalidConfigurationContent'],
      ['bad', { content: { modulesContent: { 'a/b': {} } } }, 'InvalidConfigurationContent'],
      ['bad', { ...good, targetCondition: 'tags.a =' }, 'InvalidConfigurationTargetCondition'],
      ['bad', { ...good, targetCondition: "FROM devices.modules WHERE moduleId = 'm'" }, 'InvalidConfigurationTargetCondition'],
      ['bad', { content: { moduleContent: {} }, targetCondition: "moduleId = 'm'" }, 'InvalidConfigurationTargetCondition'],
      ['bad', { ...good, priority: -1 }, 'ArgumentInvalid'],
      ['bad', { ...good, priority: 1.5 }, 'ArgumentInvalid'],
      ['bad', { ...good, metrics: { queries: { n: 'SELEC' } } }, 'InvalidConfigurationCustomMetricsQuery'],
      [
        'bad',
        { ...good, metrics: { queries: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, 'SELECT * FROM devices'])) } },
        'InvalidConfigurationCustomMetricsQuery',
      ],
      ['bad', { ...good, id: 'other' }, 'ArgumentInvalid'],
    ];
    for (const [id, body, code] of rows) assert.equal((await put(id, body)).code, code, JSON.stringify(body).slice(0, 120));
    assert.equal((await client.ask('GET', '/configurations/bad')).code, 'ConfigurationNotFound');
    assert.equal((await put('bad', good, '*')).code, 'ConfigurationNotFound');
    assert.equal((await client.ask('DELETE', '/configurations/bad')).code, 'ConfigurationNotFound');
  });

  test('a content that does not fit a twin leaves that device as it is, and the others get it', async () => {
    const { deviceIds, condition, id } = await newFleet(2);
    const [full = '', other = ''] = deviceIds;
    const filler = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`k${i}`, 'x'.repeat(4_000)]));
    await client.ask('PATCH', `/twins/${full}`, { body: { properties: { desired: filler } } });
    await put(id, forDevices({ 'properties.desired.more': { a: 'y'.repeat(4_000), b: 'y'.repeat(1_000) } }, condition));
    await until(async () => (await twinOf(other)).configurations?.[id]?.status === 'Applied');
    await until(async () => (await twinOf(full)).configurations?.[id]?.status === 'Targeted');
    assert.deepEqual(Object.keys(await desiredOf(full)).sort(), Object.keys(filler).sort());
  });
});
