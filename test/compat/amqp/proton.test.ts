import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import common from 'azure-iot-common';
import { systemClock } from '#base/clock.ts';
import { eventually } from '#test/support/eventually.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';

let bench: ServiceBench;
before(async () => {
  bench = await openServiceBench();
});
after(() => bench?.close());

test('Qpid Proton of Debian, which is nobody’s SDK, signs in by PLAIN, sends, and gives a message back before it takes it', async () => {
  const deviceId = 'proton-1';
  const words = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--secrets', '--json'];
  const { connectionString } = JSON.parse(await bench.home.ok('homeport', words));
  const { HostName = '', SharedAccessKey = '' } = common.ConnectionString.parse(connectionString);
  const end = Math.ceil(systemClock.now() / 1000) + 600;
  await bench.sendMessage(deviceId, 'to you', { 'iothub-app-a': '1' });
  const options = {
    host: bench.home.address,
    port: bench.home.status.hub.amqpPort,
    hub: HostName,
    ca: bench.home.status.ca,
    deviceId,
    user: `${deviceId}@sas.${HostName.split('.')[0]}`,
    token: common.SharedAccessSignature.create(`${HostName}/devices/${deviceId}`, '', SharedAccessKey, end).toString(),
    count: 50,
  };
  const output = await new Promise<string>((resolve, reject) => {
    const script = join(import.meta.dirname, 'proton-device.py');
    // Debian's own interpreter: another one on the PATH would not find Debian's package.
    execFile('/usr/bin/python3', [script, JSON.stringify(options)], { timeout: 60_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
  });
  assert.deepEqual(JSON.parse(output), {
    accepted: 50,
    rejected: 'amqp:link:message-size-exceeded',
    messages: [
      ['to you', '1'],
      ['to you', '1'],
    ],
    refused: 'amqp:unauthorized-access',
    mechanism: 'PLAIN',
  });
  const stored = await eventually(async () => {
    const events = (await readRunningLog(bench.home)).filter(
      (event) => event.source === 'Telemetry' && event.deviceId === deviceId,
    );
    return events.length >= 50 ? events : undefined;
  });
  assert.deepEqual(
    stored.map((event) => event.body.toString()),
    Array.from({ length: 50 }, (_, n) => `{"n": ${n}}`),
  );
  const { system, application } = stored[7]?.properties() ?? {};
  assert.deepEqual(
    [system?.['message-id'], system?.['content-type'], system?.['dt-subject'], application?.number, application?.text],
    ['7', 'application/json', 'part', '7', 'a & b'],
  );
});
