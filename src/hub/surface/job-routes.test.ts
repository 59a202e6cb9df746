import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, formatInstant, hourMs, minuteMs, plus, secondMs } from '#base/instant.ts';
import { eventually } from '#test/support/eventually.ts';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

describe('jobs over REST', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => ({ bench, client, close } = await openHubService()));
  after(() => close());

  /** Devices with a tag that no other test's have. */
  async function newFleet(count: number) {
    const fleet = `f${++made}`;
    const deviceIds = Array.from({ length: count }, (_, i) => `${fleet}-${i}`);
    for (const deviceId of deviceIds) {
      await bench.addDevice(deviceId);
      await client.ask('PATCH', `/twins/${deviceId}`, { body: { tags: { fleet } } });
    }
    return { deviceIds, condition: `tags.fleet = '${fleet}'`, jobId: `job-${fleet}` };
  }
  const put = (jobId: string, body: object) =>
    client.ask('PUT', `/jobs/v2/${jobId}`, { policy: 'service', body: { jobId, ...body } });
  const get = async (jobId: string) => (await client.ask('GET', `/jobs/v2/${jobId}`, { policy: 'service' })).json;
  const until = (isSo: () => Promise<boolean>) => eventually(async () => (await isSo()) || undefined);
  /** The job, once it has ended. */
  async function over(jobId: string) {
    await until(async () => ['completed', 'failed', 'cancelled'].includes((await get(jobId)).status));
    return get(jobId);
  }
  const partsOf = async (jobId: string) => {
    const query = `SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '${jobId}'`;
    return (await client.ask('POST', '/devices/query', { policy: 'service', body: { query } })).json;
  };
  const twinJob = (queryCondition: string, more: object = {}) => ({
    type: 'scheduleUpdateTwin',
    updateTwin: { etag: '*', properties: { desired: { interval: 5 } } },
    queryCondition,
    ...more,
  });

  test('hub-service 56: a job over twins is queued, runs and is complete, and its numbers add up', async () => {
    const { deviceIds, condition, jobId } = await newFleet(5);
    const { status, json } = await put(
      jobId,
      twinJob(condition, { maxExecutionTimeInSeconds: 100, startTime: '0001-01-01T00:00:00Z' }),
    );
    assert.equal(status, 200);
    assert.deepEqual(
      [json.status, json.jobId, json.type, json.queryCondition, json.maxExecutionTimeInSeconds, json.updateTwin],
      ['queued', jobId, 'scheduleUpdateTwin', condition, 100, { etag: '*', properties: { desired: { interval: 5 } } }],
    );
    const job = await over(jobId);
    assert.equal(job.status, 'completed');
    assert.deepEqual(job.deviceJobStatistics, {
      deviceCount: 5,
      failedCount: 0,
      succeededCount: 5,
      runningCount: 0,
      pendingCount: 0,
    });
    for (const deviceId of deviceIds) {
      const { desired } = (await client.ask('GET', `/twins/${deviceId}`)).json.properties;
      assert.deepEqual([desired.interval, desired.$version], [5, 2]);
    }
  });

  test('hub-service 57: each device’s part can be asked for, with what the device answered or why it failed', async () => {
    const { deviceIds, condition, jobId } = await newFleet(3);
    const [first = '', second = ''] = deviceIds;
    const device = await bench.connect({ deviceId: first });
    await device.subscribe('$iothub/methods/POST/#');
    const method = { methodName: 'reboot', payload: { in: 3 }, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 0 };
    const queued = await put(jobId, { type: 'scheduleDeviceMethod', cloudToDeviceMethod: method, queryCondition: condition });
    assert.deepEqual(queued.json.cloudToDeviceMethod, method);
    const { topic, body } = await device.message('$iothub/methods/POST/');
    assert.equal(body, '{"in":3}');
    const [, rid] = /\$rid=(\w+)/.exec(topic) ?? [];
    device.sendOnce(`$iothub/methods/res/418/?$rid=${rid}`, '{"brewed":false}');
    const job = await over(jobId);
    assert.deepEqual(
      [job.status, job.deviceJobStatistics.succeededCount, job.deviceJobStatistics.failedCount],
      ['completed', 1, 2],
    );
    const parts = await partsOf(jobId);
    assert.deepEqual(parts.map(({ deviceId }: { deviceId: string }) => deviceId).sort(), [...deviceIds].sort());
    const part = (deviceId: string) => parts.find((row: { deviceId: string }) => row.deviceId === deviceId);
    assert.deepEqual(part(first).outcome, { deviceMethodResponse: { status: 418, payload: { brewed: false } } });
    assert.deepEqual([part(first).status, part(first).jobType], ['completed', 'scheduleDeviceMethod']);
    assert.deepEqual([part(second).status, part(second).error.code], ['failed', 'DeviceNotOnline']);
    for (const name of ['startTimeUtc', 'endTimeUtc', 'createdDateTimeUtc', 'lastUpdatedDateTimeUtc'])
      assert.ok(part(first)[name]);
    await client.ask('DELETE', `/devices/${second}`);
    assert.equal((await partsOf(jobId)).length, 2, 'a device’s part goes with it');
  });

  test('hub-service 58: a job of the future waits for its time, and can be cancelled before', async () => {
    const { deviceIds, condition, jobId } = await newFleet(1);
    const [deviceId = ''] = deviceIds;
    const startTime = formatInstant(plus(bench.clock.now(), 40 * dayMs));
    assert.equal((await put(jobId, twinJob(condition, { startTime }))).json.status, 'queued');
    await until(async () => (await get(jobId)).status === 'scheduled');
    const cancelled = await client.ask('POST', `/jobs/v2/${jobId}/cancel`, { policy: 'service' });
    assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled']);
    const again = await client.ask('POST', `/jobs/v2/${jobId}/cancel`, { policy: 'service' });
    assert.equal(again.code, 'OperationNotAllowedInCurrentState');
    const later = `${jobId}-later`;
    await put(later, twinJob(condition, { startTime: formatInstant(plus(bench.clock.now(), hourMs)) }));
    await until(async () => (await get(later)).status === 'scheduled');
    bench.clock.advance(hourMs - 1);
    assert.equal((await get(later)).status, 'scheduled');
    bench.clock.advance(1);
    assert.equal((await over(later)).status, 'completed');
    assert.equal((await client.ask('GET', `/twins/${deviceId}`)).json.properties.desired.interval, 5);
  });

  test('a cancelled job lets those under way come to their end and leaves the others alone', async () => {
    const { deviceIds, condition, jobId } = await newFleet(60);
    const cloudToDeviceMethod = { methodName: 'm', connectTimeoutInSeconds: 300, responseTimeoutInSeconds: 300 };
    await put(jobId, { type: 'scheduleDeviceMethod', cloudToDeviceMethod, queryCondition: condition });
    await until(async () => (await get(jobId)).deviceJobStatistics.runningCount === 50);
    await client.ask('POST', `/jobs/v2/${jobId}/cancel`, { policy: 'service' });
    const parts = await partsOf(jobId);
    const count = (status: string) => parts.filter((row: { status: string }) => row.status === status).length;
    assert.deepEqual([count('running'), count('canceled')], [50, 10]);
    bench.clock.advance(300 * secondMs);
    await until(async () => (await get(jobId)).deviceJobStatistics.failedCount === 50);
    assert.equal((await get(jobId)).status, 'cancelled');
    assert.equal((await client.ask('GET', `/twins/${deviceIds[0]}`)).json.version, 2);
  });

  test('a job that takes longer than it may fails, and says so of each device it did not reach', async () => {
    const { condition, jobId } = await newFleet(55);
    const cloudToDeviceMethod = { methodName: 'm', connectTimeoutInSeconds: 120, responseTimeoutInSeconds: 5 };
    await put(jobId, {
      type: 'scheduleDeviceMethod',
      cloudToDeviceMethod,
      queryCondition: condition,
      maxExecutionTimeInSeconds: 60,
    });
    await until(async () => (await get(jobId)).deviceJobStatistics.runningCount === 50);
    bench.clock.advance(2 * minuteMs);
    const job = await over(jobId);
    assert.deepEqual([job.status, job.deviceJobStatistics.failedCount, typeof job.failureReason], ['failed', 55, 'string']);
    const codes = new Set((await partsOf(jobId)).map((row: { error: { code: string } }) => row.error.code));
    assert.deepEqual([...codes].sort(), ['DeviceNotOnline', 'GatewayTimeout']);
  });

  test('hub-service 59: jobs are listed by kind and status, in pages', async () => {
    const { condition, jobId } = await newFleet(1);
    const startTime = formatInstant(plus(bench.clock.now(), 10 * dayMs));
    const ids = [1, 2, 3].map((n) => `${jobId}-${n}`);
    for (const id of ids) await put(id, twinJob(condition, { startTime }));
    await until(async () => (await Promise.all(ids.map(get))).every(({ status }) => status === 'scheduled'));
    const listed: string[] = [];
    let continuation: string | undefined;
    do {
      const { json, headers } = await client.ask(
        'GET',
        '/jobs/v2/query?api-version=2021-04-12&jobType=scheduleUpdateTwin&jobStatus=scheduled',
        {
          policy: 'service',
          headers: { 'x-ms-max-item-count': '2', ...(continuation === undefined ? {} : { 'x-ms-continuation': continuation }) },
        },
      );
      assert.equal(headers['x-ms-item-type'], 'JobResponse');
      assert.ok(Array.isArray(json) && json.length <= 2);
      listed.push(...json.map((job: { jobId: string }) => job.jobId));
      continuation = headers['x-ms-continuation'] as string | undefined;
    } while (continuation !== undefined);
    assert.deepEqual(
      listed.filter((id) => ids.includes(id)),
      ids,
    );
    const none = await client.ask('GET', '/jobs/v2/query?api-version=2021-04-12&jobType=import', { policy: 'service' });
    assert.deepEqual(none.json, []);
    for (const id of ids) await client.ask('POST', `/jobs/v2/${id}/cancel`, { policy: 'service' });
  });

  test('a job over modules, one under a tag of the twin, and one without a condition', async () => {
    const { deviceIds, jobId } = await newFleet(2);
    for (const deviceId of deviceIds) await client.ask('PUT', `/devices/${deviceId}/modules/m`, { body: {} });
    const [one = '', two = ''] = deviceIds;
    await put(jobId, twinJob(`FROM devices.modules WHERE deviceId IN ['${one}', '${two}']`));
    assert.equal((await over(jobId)).deviceJobStatistics.succeededCount, 2);
    assert.equal((await client.ask('GET', `/twins/${one}/modules/m`)).json.properties.desired.interval, 5);
    const { etag } = (await client.ask('GET', `/twins/${one}`)).json;
    await client.ask('PATCH', `/twins/${two}`, { body: { tags: { other: 1 } } });
    await put(`${jobId}-tag`, {
      ...twinJob(`deviceId IN ['${one}', '${two}']`),
      updateTwin: { etag: `"${etag}"`, tags: { fleet: 'moved' } },
    });
    await over(`${jobId}-tag`);
    const parts = await partsOf(`${jobId}-tag`);
    const codes = parts.map((row: { deviceId: string; status: string; error?: { code: string } }) => [
      row.deviceId,
      row.error?.code,
    ]);
    assert.deepEqual(codes.sort(), [
      [one, undefined],
      [two, 'PreconditionFailed'],
    ]);
    await put(`${jobId}-all`, { ...twinJob('*'), updateTwin: { tags: { seen: jobId } } });
    const all = await over(`${jobId}-all`);
    assert.equal(all.deviceJobStatistics.succeededCount, all.deviceJobStatistics.deviceCount);
    assert.equal((await client.ask('GET', `/twins/${two}`)).json.tags.seen, jobId);
  });

  test('what is no job is refused by its code, and nothing is kept of it', async () => {
    const rows: [string, object, string][] = [
      ['bad-1', {}, 'ArgumentInvalid'],
      ['bad-1', { type: 'scheduleReboot' }, 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { updateTwin: null }), 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { updateTwin: { tags: [] } }), 'ArgumentInvalid'],
      ['bad-1', { type: 'scheduleDeviceMethod', queryCondition: '*' }, 'ArgumentInvalid'],
      ['bad-1', twinJob("tags.x = 'y"), 'ArgumentInvalid'],
      ['bad-1', twinJob('tags.x = 1 GROUP BY tags.x'), 'ArgumentInvalid'],
      ['bad-1', twinJob("FROM devices.jobs WHERE jobId = 'x'"), 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { startTime: 'tomorrow' }), 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { maxExecutionTimeInSeconds: 0 }), 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { maxExecutionTimeInSeconds: 1e12 }), 'ArgumentInvalid'],
      ['bad-1', twinJob('*', { jobId: 'other' }), 'ArgumentInvalid'],
      ['bad%201', twinJob('*', { jobId: 'bad 1' }), 'ArgumentInvalid'],
    ];
    for (const [id, body, code] of rows) assert.equal((await put(id, body)).code, code, JSON.stringify(body));
    assert.equal((await client.ask('GET', '/jobs/v2/bad-1', { policy: 'service' })).code, 'JobNotFound');
    assert.equal((await client.ask('POST', '/jobs/v2/bad-1/cancel', { policy: 'service' })).code, 'JobNotFound');
    const { condition, jobId } = await newFleet(1);
    await put(jobId, twinJob(condition));
    assert.equal((await put(jobId, twinJob(condition))).code, 'JobAlreadyExists');
    const token = await client.ask('GET', '/jobs/v2/query', { policy: 'service', headers: { 'x-ms-continuation': 'nonsense' } });
    assert.equal(token.code, 'ArgumentInvalid');
    assert.equal((await client.ask('GET', `/jobs/v2/${jobId}`, { policy: 'registryRead' })).status, 401);
  });
});
