import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const full = { kills: 20, twins: 3_000, devices: 40 };
const scale = isFullSize ? full : { kills: 2, twins: 400, devices: 8 };

type Job = { jobId: string; status: string; deviceJobStatistics: Record<string, number> };
type Part = { deviceId: string; status: string };

/**
 * Goal: kill -9 makes no job and no configuration do a device twice, and none forget a device; a route that was made stays.
 * Method: a configuration, a job over twins and one over a method run on devices that count what they are told; the server
 * is killed in the middle of them and started again until all are over. A twin's version has then risen by one for each
 * job and one for each configuration; a device whose part is complete was called once, and none more often.
 */
test(`jobs, configurations and routes survive ${scale.kills} kills: no device is done twice, none is forgotten`, async (t) => {
  t.diagnostic(`scale: ${JSON.stringify(scale)}${isFullSize ? '' : `; npm run prove -- jobs: ${JSON.stringify(full)}`}`);
  const home = await startHomeport();
  t.after(() => home.close());
  const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
  const policyKey = /SharedAccessKey=([^;]+)/.exec(hub.connectionStrings.iothubowner)?.[1] ?? assert.fail('no key');
  const key = Buffer.alloc(32, 6);

  const tokenOf = (path: string, secret: Buffer, name = ''): string => {
    const resource = encodeURIComponent(`${hub.hostName}${path}`);
    const expiry = Math.ceil(Date.now() / 1000) + 7_200;
    const signature = createHmac('sha256', secret).update(`${resource}\n${expiry}`).digest('base64');
    return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}${name && `&skn=${name}`}`;
  };
  const authorization = tokenOf('', Buffer.from(policyKey, 'base64'), 'iothubowner');
  async function ask(method: string, path: string, body?: object | readonly object[]) {
    const url = `https://${home.address}:${home.status.hub.httpsPort}${path}?api-version=2021-04-12`;
    const headers = { authorization, 'x-ms-max-item-count': '1000' };
    const answer = await askHttps(url, home.ca, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  const twinIds = Array.from({ length: scale.twins }, (_, i) => `t${i}`);
  const deviceIds = Array.from({ length: scale.devices }, (_, i) => `d${i}`);
  const symmetricKey = { primaryKey: key.toString('base64'), secondaryKey: key.toString('base64') };
  for (let at = 0; at < twinIds.length; at += 100) {
    const entry = (id: string) => ({ id, importMode: 'create', status: 'enabled', tags: { kind: 'twin' } });
    await ask('POST', '/devices', twinIds.slice(at, at + 100).map(entry));
  }
  await ask(
    'POST',
    '/devices',
    deviceIds.map((id) => ({
      id,
      importMode: 'create',
      status: 'enabled',
      tags: { kind: 'device' },
      authentication: { type: 'sas', symmetricKey },
    })) as never,
  );

  /** How often each device was called for which job. */
  const calls = new Map<string, number>();
  const clients = deviceIds.map((deviceId) => {
    const client = mqtt.connect({
      protocol: 'mqtts',
      host: home.address,
      port: home.status.hub.mqttPort,
      ca: home.ca,
      rejectUnauthorized: true,
      clientId: deviceId,
      username: `${hub.hostName}/${deviceId}/?api-version=2021-04-12`,
      password: tokenOf(`/devices/${deviceId}`, key),
      reconnectPeriod: 200,
    });
    client.on('error', () => {});
    client.on('connect', () => client.subscribe('$iothub/methods/POST/#'));
    client.on('message', (topic, payload) => {
      const [, rid] = /\$rid=(\w+)/.exec(topic) ?? [];
      const call = `${deviceId} ${JSON.parse(payload.toString()).round}`;
      calls.set(call, (calls.get(call) ?? 0) + 1);
      client.publish(`$iothub/methods/res/200/?$rid=${rid}`, '{}');
    });
    return client;
  });
  t.after(() => {
    for (const client of clients) client.end(true);
  });

  const partsOf = async (jobId: string): Promise<Part[]> =>
    ask('POST', '/devices/query', { query: `SELECT * FROM devices.jobs WHERE jobId = '${jobId}'` });
  const jobOf = (jobId: string): Promise<Job> => ask('GET', `/jobs/v2/${jobId}`);
  const isOver = async (jobId: string) => ((await jobOf(jobId)).status === 'completed' ? true : undefined);

  let inTheMiddle = 0;
  let interrupted = 0;
  for (let round = 0; round < scale.kills; round++) {
    const [twins, methods] = [`twins-${round}`, `methods-${round}`];
    await home.ok('homeport', ['hub', 'route', 'create', `r-${round}`, '--condition', `level = '${round}'`]);
    // Each is above the one before, so every twin changes hands once.
    await ask('PUT', `/configurations/c-${round}`, {
      id: `c-${round}`,
      content: { deviceContent: { 'properties.desired.setting': round } },
      targetCondition: "tags.kind = 'twin'",
      priority: round,
    });
    await ask('PUT', `/jobs/v2/${methods}`, {
      type: 'scheduleDeviceMethod',
      queryCondition: "tags.kind = 'device'",
      cloudToDeviceMethod: { methodName: 'm', payload: { round }, connectTimeoutInSeconds: 120, responseTimeoutInSeconds: 60 },
      maxExecutionTimeInSeconds: 3_600,
    });
    await ask('PUT', `/jobs/v2/${twins}`, {
      type: 'scheduleUpdateTwin',
      queryCondition: "tags.kind = 'twin'",
      updateTwin: { etag: '*', properties: { desired: { round } } },
      maxExecutionTimeInSeconds: 3_600,
    });
    const { succeededCount = 0 } = await eventually(async () => {
      const { deviceJobStatistics } = await jobOf(twins);
      return deviceJobStatistics.succeededCount ? deviceJobStatistics : undefined;
    });
    await home.kill();
    if (succeededCount < scale.twins) inTheMiddle += 1;
    await home.restart();
    await eventually(() => isOver(twins), 300_000);
    await eventually(() => isOver(methods), 300_000);
    await eventually(async () => {
      const { systemMetrics } = await ask('GET', `/configurations/c-${round}`);
      return systemMetrics.results.appliedCount === scale.twins ? true : undefined;
    }, 300_000);

    assert.deepEqual((await jobOf(twins)).deviceJobStatistics, {
      deviceCount: scale.twins,
      failedCount: 0,
      succeededCount: scale.twins,
      runningCount: 0,
      pendingCount: 0,
    });
    const version = 1 + 2 * (round + 1);
    const isOnce = `properties.desired.$version = ${version} AND properties.desired.round = ${round} AND properties.desired.setting = ${round}`;
    const [counted] = await ask('POST', '/devices/query', {
      query: `SELECT COUNT() AS n FROM devices WHERE tags.kind = 'twin' AND ${isOnce}`,
    });
    assert.equal(counted.n, scale.twins, 'each twin was changed once for each job and once for each configuration');
    const parts = await partsOf(methods);
    assert.equal(parts.length, scale.devices);
    for (const { deviceId, status } of parts) {
      const count = calls.get(`${deviceId} ${round}`) ?? 0;
      assert.ok(
        status === 'completed' ? count === 1 : status === 'failed' && count <= 1,
        `${deviceId}: ${status}, ${count} calls`,
      );
      if (status === 'failed') interrupted += 1;
    }
  }
  const { routes }: { routes: { name: string }[] } = JSON.parse(await home.ok('homeport', ['hub', 'route', 'list', '--json']));
  const names = routes.map(({ name }) => name);
  for (let round = 0; round < scale.kills; round++) assert.ok(names.includes(`r-${round}`), `the route r-${round} is gone`);
  t.diagnostic(
    `${scale.kills} kills, ${inTheMiddle} in the middle of the job over twins; ${calls.size} method calls, ${interrupted} devices reported as interrupted, none called twice`,
  );
  assert.ok(inTheMiddle > 0, 'no kill came in the middle of a job');
});
