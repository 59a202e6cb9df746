import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import iothub from 'azure-iothub';
import { Amqp } from 'azure-iothub/dist/amqp.js';
import type { ServerStatus } from '#server/status.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

const hubName = 'files.hub.example';

type Notification = { deviceId: string; blobName: string; blobUri: string; blobSizeInBytes: number };
type Job = { jobId: string; status: string; failureReason: string | null };

describe('files through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: InstanceType<typeof iothub.Registry>;
  let container: string;
  before(async () => {
    bench = await openServiceBench(['--host-name', hubName], { HOMEPORT_FILES__NOTIFICATIONS: 'true' });
    makeKnown(hubName, bench.home.address);
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    const status: ServerStatus = JSON.parse(await bench.home.ok('homeport', ['status', '--json']));
    container = `https://${status.files?.hostName}/uploads`;
  });
  after(() => bench?.close());

  /** What a device does that uploads a file. */
  async function upload(deviceId: string, blobName: string, content: string): Promise<void> {
    const { responseBody } = await registry.get(deviceId).catch(() => registry.create({ deviceId }));
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const end = Math.ceil(Date.now() / 1000) + 600;
    const { hostName, httpsPort } = bench.home.status.hub;
    const authorization = common.SharedAccessSignature.create(`${hostName}/devices/${deviceId}`, '', key, end).toString();
    const ask = (path: string, body: object) =>
      fetch(`https://${hostName}:${httpsPort}/devices/${deviceId}${path}?api-version=2021-04-12`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const ticket = (await (await ask('/files', { blobName })).json()) as Record<string, string>;
    const url = `https://${ticket.hostName}/${ticket.containerName}/${ticket.blobName}${ticket.sasToken}`;
    const put = await fetch(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: content });
    assert.equal(put.status, 201);
    const { correlationId } = ticket;
    const told = await ask('/files/notifications', { correlationId, isSuccess: true, statusCode: 200, statusDescription: 'OK' });
    assert.equal(told.status, 204);
  }

  test('hub-service 77: a finished upload yields one notification, with what a back end needs to fetch the file', async () => {
    const client = iothub.Client.fromConnectionString(bench.connectionString('service'), Amqp);
    await client.open();
    const { result: receiver } = await client.getFileNotificationReceiver();
    assert.ok(receiver);
    const got: Notification[] = [];
    receiver.on('message', (message: { data: Buffer }) => {
      got.push(JSON.parse(message.data.toString()));
      receiver.complete(message as never, () => {});
    });
    await upload('camera', 'front/1.jpg', 'pixels');
    await eventually(() => (got.length > 0 ? true : undefined));
    const [{ deviceId, blobName, blobUri, blobSizeInBytes, ...rest } = {} as Notification] = got;
    assert.deepEqual([deviceId, blobName, blobSizeInBytes], ['camera', 'camera/front/1.jpg', 6]);
    assert.equal(blobUri, `${container}/camera/front/1.jpg`);
    assert.deepEqual(Object.keys(rest).sort(), ['enqueuedTimeUtc', 'lastUpdatedTime']);
    await client.close();
    assert.equal(got.length, 1);
  });

  /** The SDK answers jobs with what it got, or with that in `responseBody`. */
  const bodyOf = (answer: unknown): unknown => (answer as { responseBody?: unknown }).responseBody ?? answer;

  async function over(answer: unknown): Promise<Job> {
    const { jobId } = bodyOf(answer) as Job;
    return eventually(async () => {
      const job = bodyOf(await registry.getJob(jobId)) as Job;
      return ['completed', 'failed'].includes(job.status) ? job : undefined;
    });
  }

  test('a registry that was exported to the container and emptied is there again after the import', async () => {
    const ids = Array.from({ length: 250 }, (_, i) => `moved-${String(i).padStart(3, '0')}`);
    for (let at = 0; at < ids.length; at += 100) {
      await registry.addDevices(ids.slice(at, at + 100).map((deviceId) => ({ deviceId, tags: { lot: 7 } })) as never);
    }
    const { responseBody: before } = await registry.get('moved-007');
    assert.equal((await over(await registry.exportDevicesToBlob(container, false))).status, 'completed');
    for (let at = 0; at < ids.length; at += 100)
      await registry.removeDevices(ids.slice(at, at + 100).map((deviceId) => ({ deviceId })) as never, true);
    await assert.rejects(registry.get('moved-007'), { name: 'DeviceNotFoundError' });
    const job = await over(await registry.importDevicesFromBlob(container, container));
    assert.deepEqual([job.status, job.failureReason], ['completed', null]);
    const { responseBody: after } = await registry.get('moved-007');
    assert.deepEqual(after.authentication, before.authentication);
    assert.equal((await registry.getTwin('moved-249')).responseBody.tags.lot, 7);
    const listed = bodyOf(await registry.listJobs()) as Job[];
    assert.ok(listed.some(({ jobId }) => jobId === job.jobId));
    await assert.rejects(registry.cancelJob(job.jobId));
    await assert.rejects(registry.exportDevicesToBlob('https://elsewhere.example/uploads', false), { name: 'ArgumentError' });
  });
});
