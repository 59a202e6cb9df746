import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JobClient, Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

type JobAnswer = { jobId: string; status: string; deviceJobStatistics: Record<string, number> };

describe('jobs through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  let jobs: JobClient;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    jobs = iothub.JobClient.fromConnectionString(bench.connectionString('service'));
  });
  after(() => bench?.close());

  const answerOf = (answer: object) => (answer as { jobStatus: JobAnswer }).jobStatus;
  const completed = (jobId: string) =>
    eventually(async () => {
      const job = answerOf(await jobs.getJob(jobId));
      return job.status === 'completed' ? job : undefined;
    });

  test('hub-service 56, 57: a twin job runs over what its condition names, and the registry tells of each device', async () => {
    for (const deviceId of ['job-1', 'job-2', 'job-3']) await registry.create({ deviceId });
    const twin = (await registry.getTwin('job-3')).responseBody;
    const patch = { etag: '*', tags: { site: 'north' }, properties: { desired: { interval: 9 } } };
    const queued = answerOf(
      await jobs.scheduleTwinUpdate('twins', "deviceId IN ['job-1', 'job-2']", patch as never, new Date(), 300),
    );
    assert.equal(queued.status, 'queued');
    const { deviceCount, succeededCount, failedCount } = (await completed('twins')).deviceJobStatistics;
    assert.deepEqual([deviceCount, succeededCount, failedCount], [2, 2, 0]);
    assert.equal((await registry.getTwin('job-1')).responseBody.properties.desired.interval, 9);
    assert.equal((await registry.getTwin('job-3')).responseBody.etag, twin.etag);
    const { result } = await registry.createQuery("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'twins'").next();
    const rows = result as { deviceId: string; status: string }[];
    assert.deepEqual(
      rows.map(({ deviceId, status }) => [deviceId, status]),
      [
        ['job-1', 'completed'],
        ['job-2', 'completed'],
      ],
    );
  });

  test('hub-service 57: a method job keeps what the device answered', async () => {
    const device = await bench.connectDevice(registry, 'job-4');
    device.onDeviceMethod('reboot', (request, response) => {
      response.send(202, { after: request.payload.delay }).catch(() => {});
    });
    const method = { methodName: 'reboot', payload: { delay: 3 }, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 10 };
    await jobs.scheduleDeviceMethod('methods', "deviceId = 'job-4'", method, new Date(), 60);
    await completed('methods');
    const { result } = await registry.createQuery("SELECT * FROM devices.jobs WHERE jobId = 'methods'").next();
    const [row] = result as { outcome: { deviceMethodResponse: object } }[];
    assert.deepEqual(row?.outcome.deviceMethodResponse, { status: 202, payload: { after: 3 } });
  });

  test('hub-service 58, 59: a job of tomorrow is listed as scheduled and can be cancelled', async () => {
    await registry.create({ deviceId: 'job-5' });
    const tomorrow = new Date(Date.now() + 86_400_000);
    await jobs.scheduleTwinUpdate('tomorrow', "deviceId = 'job-5'", { tags: { a: 1 } } as never, tomorrow, 60);
    const listed = await eventually(async () => {
      const { result } = await jobs.createQuery('scheduleUpdateTwin', 'scheduled').next();
      return (result as JobAnswer[]).find(({ jobId }) => jobId === 'tomorrow');
    });
    assert.equal(listed.status, 'scheduled');
    assert.equal(answerOf(await jobs.cancelJob('tomorrow')).status, 'cancelled');
    await assert.rejects(jobs.getJob('never'), { message: /not found/i });
  });
});
