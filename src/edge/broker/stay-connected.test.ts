import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countObjects } from '#test/support/count-objects.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { stayConnected } from './stay-connected.ts';

test('a broker that stays away is tried again and again, nothing is kept of it, and who stops does not wait', async () => {
  const platform = testPlatform();
  const { clock } = platform;
  const stopping = new AbortController();
  let tried = 0;
  const running = stayConnected(platform, {
    name: 'agent',
    stopping: stopping.signal,
    connect: () => Promise.reject(new Error(`nobody listens, at attempt ${++tried}`)),
  });
  const tryTimes = async (times: number) => {
    for (const end = tried + times; tried < end; clock.advance(15_000)) await new Promise((resolve) => setImmediate(resolve));
  };
  await tryTimes(10);
  const before = await countObjects(Promise);
  await tryTimes(1_000);
  assert.ok((await countObjects(Promise)) - before < 100);
  stopping.abort();
  await running;
});
