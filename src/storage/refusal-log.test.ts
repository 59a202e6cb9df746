import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs } from '#base/instant.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type RefusalEntry, RefusalLog, refusalLimits } from './refusal-log.ts';

const entry: RefusalEntry = {
  service: 'hub',
  subject: 'dev1',
  peer: '127.0.0.1',
  reason: 'certificate-expired',
  detail: 'The certificate ended an hour ago.',
  trace: [{ check: 'validity', passed: false }],
};

for (const kind of testDatabases()) {
  describe(`refusal log on ${kind.name}`, () => {
    async function open(t: { after(fn: () => Promise<void>): void }) {
      const platform = testPlatform();
      const { database, close } = await kind.open();
      t.after(close);
      return { platform, refusals: new RefusalLog(platform, database), database };
    }

    test('repeats of one refusal are one row with a count', async (t) => {
      const { refusals, platform } = await open(t);
      refusals.record(entry);
      refusals.record(entry);
      assert.equal((await refusals.list()).length, 1);
      platform.clock.advance(1000);
      refusals.record(entry);
      const [row] = await refusals.list();
      assert.equal(row?.times, 3);
      assert.equal(row.last_at - row.first_at, 1000);
      assert.equal(await refusals.count({ subject: 'dev1' }), 3);
    });

    test('control and bidirectional characters from the peer are escaped and long texts are cut', async (t) => {
      const { refusals } = await open(t);
      refusals.record({ ...entry, subject: 'a\u001b[2J\u202eb', detail: 'x'.repeat(5000) });
      const [row] = await refusals.list();
      assert.equal(row?.subject, 'a\\u{1b}[2J\\u{202e}b');
      assert.equal(row.detail.length, refusalLimits.textCharactersMax);
    });

    test('a flood of different refusals is bounded in memory before it reaches the database', async (t) => {
      const { refusals } = await open(t);
      for (let i = 0; i < refusalLimits.pendingMax + 50; i++) refusals.record({ ...entry, subject: `dev${i}` });
      assert.equal(await refusals.count(), refusalLimits.pendingMax);
    });

    test('refusals older than the limit go', async (t) => {
      const { refusals, platform } = await open(t);
      refusals.record(entry);
      await refusals.flush();
      platform.clock.advance(refusalLimits.ageMaxMs + dayMs);
      refusals.record({ ...entry, subject: 'dev2' });
      assert.deepEqual(
        (await refusals.list()).map((row) => row.subject),
        ['dev2'],
      );
    });
  });
}
