import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '#test/support/hub-bench.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { JournalEntry } from './broker-store.ts';
import { Journal } from './journal.ts';

const gone = (clientId: string): JournalEntry => ({ kind: 'session-gone', clientId });

/** A store whose writes are let go one by one. */
function slowStore() {
  const writes: { entries: readonly JournalEntry[]; done: PromiseWithResolvers<void> }[] = [];
  return {
    writes,
    apply(entries: readonly JournalEntry[]): Promise<void> {
      const done = Promise.withResolvers<void>();
      writes.push({ entries, done });
      return done.promise;
    },
  };
}

test('what changes while a batch is written goes out together, the last of each thing alone', async () => {
  const store = slowStore();
  const journal = new Journal(testPlatform(), store);
  journal.write(gone('a'));
  const first = journal.written();
  await settled();
  journal.write({ kind: 'session', clientId: 'a', generationId: 'g', subscriptions: [] });
  journal.write(gone('b'));
  journal.write(gone('a'));
  let isSecondWritten = false;
  const second = journal.written().then(() => {
    isSecondWritten = true;
  });
  assert.equal(store.writes.length, 1);
  store.writes[0]?.done.resolve();
  await first;
  await settled();
  assert.equal(isSecondWritten, false);
  assert.deepEqual(store.writes[1]?.entries, [gone('a'), gone('b')]);
  store.writes[1]?.done.resolve();
  await second;
  await journal.written();
  assert.equal(store.writes.length, 2);
});

test('a batch that the database refuses is tried again, and nobody is told that it is written before it is', async () => {
  const store = slowStore();
  const platform = testPlatform();
  const journal = new Journal(platform, store);
  journal.write(gone('a'));
  let isWritten = false;
  const written = journal.written().then(() => {
    isWritten = true;
  });
  await settled();
  store.writes[0]?.done.reject(new Error('the database is away'));
  await settled();
  assert.equal(journal.isHealthy, false);
  assert.equal(store.writes.length, 1);
  platform.clock.advance(1_000);
  assert.equal(isWritten, false);
  assert.deepEqual(store.writes[1]?.entries, [gone('a')]);
  store.writes[1]?.done.resolve();
  await written;
  assert.equal(journal.isHealthy, true);
});

test('closing waits for what is under way, but not for a database that refuses', async () => {
  const store = slowStore();
  const platform = testPlatform();
  const journal = new Journal(platform, store);
  journal.write(gone('a'));
  const closed = journal.close();
  await settled();
  store.writes[0]?.done.resolve();
  await closed;
  journal.write(gone('b'));
  await settled();
  store.writes[1]?.done.reject(new Error('the database is away'));
  await settled();
  await journal.close();
  platform.clock.advance(1_000);
  assert.equal(store.writes.length, 2);
});
