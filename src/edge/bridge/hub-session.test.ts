import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { openTlsServer } from '#test/support/tls-server.ts';
import { PacketIds } from '#wire/mqtt/packet-ids.ts';
import { KnownTime } from '../reach/known-time.ts';
import { openHubSession } from './hub-session.ts';

test('a hub that ends the connection at CONNECT leaves nothing behind on the signal', async (t) => {
  const server = await openTlsServer(t, () => server.end());
  const { port, rootsPath } = server;
  const platform = { ...testPlatform(), clock: systemClock };
  const reach = { rootsPath, proxy: undefined, time: await KnownTime.open(platform, temporaryDirectory(t)) };
  // What listens does so on a signal of its own, made of the caller's and the time limit's.
  const made = t.mock.method(AbortSignal, 'any').mock;
  const settings = { keepAliveSeconds: 60, tokenMs: 3_600_000, modelId: undefined };
  const session = openHubSession(platform, settings, {
    reach,
    access: {
      host: '127.0.0.1',
      port,
      deviceId: 'd',
      credential: { kind: 'key', key: Buffer.alloc(32, 5) },
    },
    packetIds: new PacketIds(),
    onMessage: () => {},
    signal: new AbortController().signal,
  });
  await assert.rejects(session, /ended before it was accepted/);
  assert.deepEqual(
    made.calls.map(({ result }) => result && getEventListeners(result, 'abort').length),
    [0],
  );
});
