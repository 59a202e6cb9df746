import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import {
  hubConfigurationSchema,
  hubJobSchema,
  hubModuleSchema,
  hubTestedQueriesSchema,
  hubTwinSchema,
} from '../contract/ui-hub-rest.ts';

describe('the hub’s own REST for who is signed in', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
    for (const deviceId of ['pump-1', 'pump-2', 'pump-3']) {
      await bench.registry.create({ deviceId, authentication: { type: 'sas' } });
    }
  });
  after(() => bench.close());

  const rest = '/api/ui/hubs/home/rest';
  const errorOf = (json: { error?: unknown }) => json.error as { code: string; message: string };
  const query = (text: string, headers: Record<string, string> = {}) =>
    call('POST', `${rest}/devices/query`, { query: text }, headers);

  test('answers queries in pages, and says where a text goes wrong', async () => {
    const text = "SELECT deviceId FROM devices WHERE STARTSWITH(deviceId, 'pump-')";
    const first = await query(text, { 'x-ms-max-item-count': '2' });
    assert.deepEqual(JSON.parse(first.text), [{ deviceId: 'pump-1' }, { deviceId: 'pump-2' }]);
    assert.equal(first.headers['x-ms-item-type'], 'Raw');
    const continuation = String(first.headers['x-ms-continuation']);
    const second = await query(text, { 'x-ms-max-item-count': '2', 'x-ms-continuation': continuation });
    assert.deepEqual(JSON.parse(second.text), [{ deviceId: 'pump-3' }]);
    assert.equal(second.headers['x-ms-continuation'], undefined);
    const wrong = await query('SELECT * FROM devices WHERE');
    assert.equal(wrong.status, 400);
    assert.ok(errorOf(wrong.json).message.length > 10);
  });

  test('changes a twin, and not one that somebody changed meanwhile', async () => {
    const twin = `${rest}/twins/pump-1`;
    const etag = String((await call('GET', twin)).headers.etag);
    const body = { tags: { hall: 2 }, properties: { desired: { interval: 5 } } };
    const changed = await call('PUT', twin, body, { 'if-match': etag });
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual(hubTwinSchema.parse(changed.json).tags, { hall: 2 });
    assert.equal((await call('PUT', twin, body, { 'if-match': etag })).status, 412);
    assert.equal((await call('PUT', twin, { tags: 7 })).status, 400);
    assert.equal((await call('GET', `${rest}/twins/nobody`)).status, 404);
  });

  test('says of a method that the device is not there', async () => {
    const { status, json } = await call('POST', `${rest}/twins/pump-1/methods`, { methodName: 'reboot' });
    assert.deepEqual([status, errorOf(json).code], [404, 'DeviceNotConnected'], JSON.stringify(json));
  });

  test('makes a job and shows what became of it', async () => {
    const job = { type: 'scheduleUpdateTwin', queryCondition: "deviceId = 'pump-2'", updateTwin: { tags: { line: 7 } } };
    assert.equal((await call('PUT', `${rest}/jobs/v2/line-7`, job)).status, 200);
    await eventually(async () => {
      const jobs = hubJobSchema.array().parse(JSON.parse((await call('GET', `${rest}/jobs/v2/query`)).text));
      return jobs.find(({ jobId }) => jobId === 'line-7')?.status === 'completed' || undefined;
    });
    assert.equal((await call('POST', `${rest}/jobs/v2/line-7/cancel`)).status, 409);
  });

  test('makes, lists and deletes a configuration', async () => {
    const content = { deviceContent: { 'properties.desired.speed': 3 } };
    const made = await call('PUT', `${rest}/configurations/speed`, { content, targetCondition: 'tags.hall = 9', priority: 5 });
    assert.equal(made.status, 200, made.text);
    const list = hubConfigurationSchema.array().parse(JSON.parse((await call('GET', `${rest}/configurations`)).text));
    assert.ok(list.some(({ id }) => id === 'speed'));
    const tested = await call('POST', `${rest}/configurations/testQueries`, { targetCondition: 'tags.' });
    assert.notEqual(hubTestedQueriesSchema.parse(tested.json).targetConditionError, '');
    assert.equal((await call('DELETE', `${rest}/configurations/speed`)).status, 204);
  });

  test('lists the modules of a device', async () => {
    await bench.registry.modules.create({ deviceId: 'pump-1', moduleId: 'filter' });
    const modules = hubModuleSchema.array().parse(JSON.parse((await call('GET', `${rest}/devices/pump-1/modules`)).text));
    assert.deepEqual(
      modules.map(({ moduleId, connectionState }) => [moduleId, connectionState]),
      [['filter', 'Disconnected']],
    );
  });

  test('keeps keys from who may only read, and has no path that is not in its table', async () => {
    const made = await call('PUT', '/api/apiTokens/reader', { roles: [{ role: 'ae2c9854-393b-4f97-8c42-479d70ce626e' }] });
    const token = String(made.json.token);
    for (const path of ['/devices/pump-1/modules', '/twins/pump-1']) {
      assert.equal((await bench.ask('GET', `${rest}${path}`, { token })).status, 403, path);
    }
    assert.equal((await call('GET', `${rest}/devices/pump-1`)).status, 404);
    assert.equal((await call('DELETE', `${rest}/devices/pump-1`)).status, 404);
  });
});
