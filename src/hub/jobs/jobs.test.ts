import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { eventually } from '#test/support/eventually.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { Jobs, type JobsOptions } from './jobs.ts';
import { jobLimits } from './limits.ts';

const method = { methodName: 'reboot' };

async function startJobs(t: TestContext, database: Database, finder: JobsOptions['finder'], invoke: () => Promise<unknown>) {
  const { platform, registry } = hubRooms(database);
  for (const deviceId of ['d1', 'd2', 'd3', 'd4']) {
    await registry.create({ deviceId, authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA }, isEnabled: true });
  }
  const jobs = new Jobs({
    ...{ platform, database, hub: 'home', finder },
    methods: { invoke: invoke as never },
    twins: { patchOwned: () => Promise.reject(new Error('No twin is changed here.')) },
    events: { isWanted: () => false, record: () => undefined },
    nameError: () => 'ArgumentInvalid',
  });
  await jobs.start();
  t.after(() => jobs.stop());
  const create = () => jobs.create({ jobId: 'reboots', work: { type: 'scheduleDeviceMethod', method }, queryCondition: '*' });
  return { platform, jobs, create };
}

for (const { name, open } of testDatabases()) {
  describe(`jobs on ${name}`, () => {
    test('one that is cancelled while its devices are looked for has none that wait for ever', async (t) => {
      const { database, close } = await open();
      const second = Promise.withResolvers<void>();
      const finder: JobsOptions['finder'] = {
        check: () => undefined,
        async find(_condition, after) {
          if (after === undefined) return { identities: ['d1', 'd2'], through: 'd2' };
          await second.promise;
          return { identities: ['d3', 'd4'] };
        },
      };
      const { jobs, create } = await startJobs(t, database, finder, () => assert.fail('nothing is called'));
      t.after(close);
      await create();
      await eventually(async () => ((await jobs.require('reboots')).statistics.pending === 2 ? true : undefined));
      await jobs.cancel('reboots');
      second.resolve();
      await jobs.idle();
      const { status, statistics } = await jobs.require('reboots');
      assert.deepEqual([status, statistics.canceled, statistics.pending], ['cancelled', 2, 0]);
    });
  });
}

test('a call whose end the database would not take has failed, is not made again, and does not keep the job from ending', async (t) => {
  const sqlite = testDatabases().find(({ name }) => name === 'sqlite') ?? assert.fail();
  const { database, close } = await sqlite.open();
  await sql`create trigger full_disk before update on hub_job_target when new.status = 'completed'
    begin select raise(abort, 'The disk is full.'); end`.execute(database);
  let calls = 0;
  const finder = { check: () => undefined, find: async () => ({ identities: ['d1'] }) };
  const { jobs, create, platform } = await startJobs(t, database, finder, async () => ({ status: 200, payload: ++calls }));
  t.after(close);
  await create();
  await eventually(async () => ((await jobs.require('reboots')).statistics.running === 1 ? true : undefined));
  const job = await eventually(async () => {
    platform.clock.advance(jobLimits.retryMs);
    const found = await jobs.require('reboots');
    return found.status === 'completed' ? found : undefined;
  });
  assert.deepEqual([job.statistics.failed, job.statistics.running, calls], [1, 0, 1]);
  const [part] = await jobs.targets.list({ jobId: 'reboots', limit: 1 });
  assert.match(part?.error?.message ?? '', /^The database failed while the hub called the device/);
});
