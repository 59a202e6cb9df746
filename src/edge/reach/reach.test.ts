import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { openTlsServer } from '#test/support/tls-server.ts';
import { KnownTime } from './known-time.ts';
import { reachServer } from './reach.ts';

const random = seededRandom('reach');

for (const [how, says] of [
  ['fault', /bad record type/],
  ['end', /127\.0\.0\.1:\d+ closed the connection/],
] as const) {
  test(`a connection that meets its ${how} while what it proves is written down is none, and ends nothing else`, async (t) => {
    const server = await openTlsServer(t);
    const { rootsPath, port } = server;
    const platform = { clock: systemClock, random, log: silentLog };
    const time = await KnownTime.open(platform, temporaryDirectory(t));
    // Asked for by reachServer just before it waits: the only hold on its socket.
    let closed: Promise<unknown> | undefined;
    const { getPeerX509Certificate } = TLSSocket.prototype;
    t.mock.method(TLSSocket.prototype, 'getPeerX509Certificate', function (this: TLSSocket) {
      closed = new Promise((resolve) => this.once('close', resolve));
      return getPeerX509Certificate.call(this);
    });
    t.mock.method(time, 'proven', async () => {
      server[how]();
      await closed;
    });
    const { signal } = new AbortController();
    await assert.rejects(reachServer({ rootsPath, proxy: undefined, time }, { host: '127.0.0.1', port, signal }), says);
  });
}
