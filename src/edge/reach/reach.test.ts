import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer, TLSSocket } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { dayMs, plus } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa } from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { KnownTime } from './known-time.ts';
import { reachServer } from './reach.ts';

const random = seededRandom('reach');

/** A server on 127.0.0.1 whose certificate begins now, as OpenSSL judges it by the system's clock. */
async function openServer(t: { after(fn: () => void): void }) {
  const now = systemClock.now();
  const ca = makeCa({ notBefore: plus(now, -dayMs), notAfter: plus(now, 3_650 * dayMs) });
  const { publicKey, privateKey } = generateEcKey('P-256');
  const subject = [['CN', 'hub']] as const;
  const { der } = await issueCertificate({
    profile: 'server',
    subject,
    publicKey,
    issuer: ca,
    names: ['127.0.0.1'],
    now,
    random,
  });
  const rootsPath = join(temporaryDirectory(t), 'ca.pem');
  writeFileSync(rootsPath, ca.pem);
  const server = createServer({
    cert: toPem('CERTIFICATE', der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket) => void socket.on('error', () => {}));
  // In front of it, what spoils a connection from outside.
  const sockets: Socket[] = [];
  const front = createTcpServer((socket) => {
    const behind = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket, behind);
    for (const one of [socket, behind]) one.on('error', () => {});
    socket.pipe(behind).pipe(socket);
  });
  for (const one of [server, front]) await once(one.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    for (const one of [server, front]) one.close();
  });
  const { port } = front.address() as AddressInfo;
  return { rootsPath, port, fault: () => void sockets[0]?.write('this is no TLS'), end: () => void sockets[0]?.end() };
}

for (const [how, says] of [
  ['fault', /bad record type/],
  ['end', /127\.0\.0\.1:\d+ closed the connection/],
] as const) {
  test(`a connection that meets its ${how} while what it proves is written down is none, and ends nothing else`, async (t) => {
    const server = await openServer(t);
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
