import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs } from '#base/instant.ts';
import { type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';
import { eventStreamsMax } from './limits.ts';

describe('event streams of open pages', () => {
  let bench: CentralBench;
  before(async () => {
    bench = await openCentralBench();
  });
  after(() => bench.close());

  const path = '/api/ui/events';
  const tokenIdOf = (token: string) => decodeURIComponent(/skn=([^&]+)/.exec(token)?.[1] ?? '');

  test('a stream opened with an API token ends when the token is revoked, and no other does', async () => {
    const { token } = await bench.central.mintApiToken();
    const { token: other } = await bench.central.mintApiToken();
    const stream = await openEventStream(bench.port, { token, path });
    const kept = await openEventStream(bench.port, { token: other, path });
    const ask = await bench.client();
    assert.equal((await ask('DELETE', `/api/apiTokens/${tokenIdOf(token)}`)).status, 204);
    await stream.ended;
    assert.equal((await ask('PUT', '/api/devices/after-revocation', {})).status, 200);
    await kept.next(({ event, data }) => event === 'device' && data.id === 'after-revocation');
    assert.equal(stream.received.length, 0);
    kept.close();
  });

  test('a stream ends when its API token runs out', async () => {
    const { token } = await bench.central.mintApiToken();
    const stream = await openEventStream(bench.port, { token, path });
    bench.clock.advance(dayMs);
    await stream.ended;
  });

  test('a stream ends when its session runs out, and at sign-out', async () => {
    const idle = await openEventStream(bench.port, { cookie: await bench.signIn(), path });
    bench.clock.advance(8 * hourMs);
    await idle.ended;
    const cookie = await bench.signIn();
    const signedOut = await openEventStream(bench.port, { cookie, path });
    await bench.ask('DELETE', '/api/ui/session', { cookie, headers: { origin: bench.origin } });
    await signedOut.ended;
  });

  test('a stream whose credential cannot be looked up ends, and the process goes on', async () => {
    const own = await openCentralBench();
    const stream = await openEventStream(own.port, { cookie: await own.signIn(), path });
    await own.database.schema.alterTable('central_session').renameTo('away').execute();
    own.clock.advance(minuteMs);
    await stream.ended;
    await own.database.schema.alterTable('away').renameTo('central_session').execute();
    await own.close();
  });

  test('more streams than the limit are answered 429, and one that closes makes room', async () => {
    const own = await openCentralBench();
    const { token } = await own.central.mintApiToken();
    const streams = await Promise.all(Array.from({ length: eventStreamsMax }, () => openEventStream(own.port, { token, path })));
    assert.equal((await own.ask('GET', path, { token })).status, 429);
    streams.pop()?.close();
    const deadline = AbortSignal.timeout(5_000);
    for (let isOpen = false; !isOpen; ) {
      deadline.throwIfAborted();
      const again = await openEventStream(own.port, { token, path });
      isOpen = again.status === 200;
      again.close();
    }
    for (const stream of streams) stream.close();
    await own.close();
  });
});
