import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countObjects } from '#test/support/count-objects.ts';
import { PendingSends } from './pending-sends.ts';

test('what was sent is let go of when it is acknowledged, and what was not fails when the connection ends', async () => {
  const closed = Promise.withResolvers<string>();
  const pending = new PendingSends({ closed: closed.promise });
  const before = await countObjects(Function);
  for (let sent = 0; sent < 1_000; sent++) {
    const { promise, resolve } = pending.begin();
    resolve();
    await promise;
  }
  assert.ok((await countObjects(Function)) - before < 100);
  const last = pending.begin().promise;
  closed.resolve('connection-lost');
  await assert.rejects(last, { code: 'unavailable', message: 'The local broker ended the connection (connection-lost).' });
});
