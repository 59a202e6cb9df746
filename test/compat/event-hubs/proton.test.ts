import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import common from 'azure-iot-common';
import { systemClock } from '#base/clock.ts';
import { partitionOf } from '#hub/events/partition.ts';
import { openEventBench } from '#test/support/event-bench.ts';

test('Qpid Proton of Debian, which is nobody’s SDK, reads from a position on and is told where the endpoint is', async (t) => {
  const bench = await openEventBench();
  t.after(() => bench.close());
  const count = 300;
  await bench.send(
    'proton-1',
    Array.from({ length: count }, (_, n) => ({ body: String(n) })),
  );
  const end = Math.ceil(systemClock.now() / 1000) + 600;
  const { SharedAccessKey = '' } = common.ConnectionString.parse(bench.connectionString('service'));
  const entity = bench.hostName.split('.')[0];
  const options = {
    host: bench.home.address,
    port: bench.home.status.hub.amqpPort,
    hub: bench.hostName,
    ca: bench.home.status.ca,
    user: `service@sas.root.${entity}`,
    token: common.SharedAccessSignature.create(bench.hostName, 'service', SharedAccessKey, end).toString(),
    address: `${entity}/ConsumerGroups/$Default/Partitions/${partitionOf('proton-1', 4)}`,
    count: count - 5,
  };
  const script = join(import.meta.dirname, 'proton-reader.py');
  // Debian's own interpreter: another one on the PATH would not find Debian's package.
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, JSON.stringify(options)], { timeout: 60_000 });
  const { bodies, types, condition } = JSON.parse(stdout);
  assert.deepEqual(
    bodies,
    Array.from({ length: count - 5 }, (_, n) => n + 5),
  );
  assert.deepEqual(condition, ['amqp:link:redirect', bench.home.status.hub.amqpPort]);
  assert.equal(types['x-opt-enqueued-time'], 'timestamp');
  assert.equal(types['x-opt-offset'], 'str');
  assert.equal(types['x-opt-sequence-number'], 'int');
});
