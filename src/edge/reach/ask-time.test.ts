import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { openTlsServer } from '#test/support/tls-server.ts';
import { askTime } from './ask-time.ts';
import { KnownTime } from './known-time.ts';

test('a service that breaks off instead of saying the time leaves nothing behind on the signal', async (t) => {
  const server = await openTlsServer(t, () => server.fault());
  const { port, rootsPath } = server;
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (event: string, fields?: object) => void warned.push({ event, ...fields }) };
  const platform = { clock: systemClock, random: seededRandom('ask-time'), log };
  const reach = { rootsPath, proxy: undefined, time: await KnownTime.open(platform, temporaryDirectory(t)) };
  // What listens does so on a signal of its own, made of the caller's and the time limit's.
  const made = t.mock.method(AbortSignal, 'any').mock;
  await askTime(platform, reach, { host: '127.0.0.1', port, signal: new AbortController().signal });
  assert.match(JSON.stringify(warned), /time\.unknown.*bad record type/);
  assert.deepEqual(
    made.calls.map(({ result }) => result && getEventListeners(result, 'abort').length),
    [0],
  );
});
