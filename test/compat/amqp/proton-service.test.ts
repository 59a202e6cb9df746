import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import common from 'azure-iot-common';
import iothub from 'azure-iothub';
import { systemClock } from '#base/clock.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

const hubName = 'hub.example';
let bench: ServiceBench;
before(async () => {
  bench = await openServiceBench(['--host-name', hubName]);
  makeKnown(hubName, bench.home.address);
});
after(() => bench?.close());

/** Runs the script; `sent` when every message is answered. */
async function run(options: object, sent: () => Promise<unknown>): Promise<unknown> {
  // Debian's own interpreter: another one on the PATH would not find Debian's package.
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'proton-service.py'), JSON.stringify(options)]);
  const timer = setTimeout(() => child.kill(), 60_000);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.on('data', (chunk) => {
    if (stdout === '' && String(chunk).startsWith('sent')) void sent();
    stdout += chunk;
  });
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

function optionsOf(policy: string, messages: readonly (readonly [string, string])[], key?: string) {
  const { HostName = '', SharedAccessKey = '' } = common.ConnectionString.parse(bench.connectionString(policy));
  const end = Math.ceil(systemClock.now() / 1000) + 360;
  return {
    host: bench.home.address,
    port: bench.home.status.hub.amqpPort,
    hub: HostName,
    ca: bench.home.status.ca,
    user: `${policy}@sas.root.${HostName.split('.')[0]}`,
    token: common.SharedAccessSignature.create(HostName, policy, key ?? SharedAccessKey, end).toString(),
    messages,
  };
}

test('hub-service 68, 75: the links of the CLI over Qpid Proton: PLAIN as a policy, messages, and feedback after a purge', async () => {
  const registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  await registry.create({ deviceId: 'a#b' });
  const messages = [
    ['a#b', 'm-1'],
    ['a%23b', 'm-2'],
    ['nobody', 'm-3'],
  ] as const;
  const purge = () => bench.purgeMessages('a#b');
  assert.deepEqual(await run(optionsOf('service', messages), purge), {
    accepted: 2,
    rejected: [['amqp:not-found', 404001]],
    batches: Array(2).fill({
      contentType: 'application/vnd.microsoft.iothub.feedback.json',
      userId: 'hub',
      tag: 16,
      annotations: ['iothub-enqueuedtime'],
      records: [
        ['m-1', 'Purged'],
        ['m-2', 'Purged'],
      ],
    }),
    failed: null,
  });
});

test('hub-service 68: a token signed with another key fails the outcome of SASL', async () => {
  const forged = optionsOf('service', [], Buffer.alloc(32).toString('base64'));
  const seen = await run(forged, async () => {});
  assert.deepEqual(seen, { accepted: 0, rejected: [], batches: [], failed: 'amqp:unauthorized-access' });
});
