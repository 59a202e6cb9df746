import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testDatabases } from '#test/support/databases.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import type { Database } from './database.ts';
import { probeDatabase } from './probe-database.ts';

for (const { name, open } of testDatabases()) {
  describe(`the database, on ${name}`, () => {
    test('that answers is no concern, and one that is gone is a failure', async () => {
      const { database, close } = await open();
      assert.deepEqual(await probeDatabase(new ManualClock(), database), []);
      await close();
      const [concern] = await probeDatabase(new ManualClock(), database);
      assert.equal(concern?.state, 'failed');
      assert.match(concern?.says ?? '', /^The database cannot be asked: /);
    });
  });
}

/** A database whose every answer waits until `release`. */
function stuck() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const executor = { executeQuery: async () => promise, transformQuery: (node: unknown) => node, compileQuery: () => ({}) };
  return { database: { getExecutor: () => executor } as unknown as Database, release: resolve };
}

test('a database that takes a second is a concern, with its time', async () => {
  const clock = new ManualClock();
  const { database, release } = stuck();
  const probed = probeDatabase(clock, database);
  clock.advance(1_200);
  release();
  const [concern] = await probed;
  assert.deepEqual([concern?.state, concern?.says], ['degraded', 'The database took 1200 ms to answer.']);
});

test('a database that does not answer is not waited for', async () => {
  const clock = new ManualClock();
  const probed = probeDatabase(clock, stuck().database);
  clock.advance(5_000);
  const [concern] = await probed;
  assert.deepEqual([concern?.state, concern?.says], ['failed', 'The database did not answer within 5 s.']);
});
