import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { dayMs, plus } from '#base/instant.ts';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa } from './certificates.ts';
import { seededRandom } from './seeded-random.ts';
import { temporaryDirectory } from './test-terminal.ts';

/**
 * A server on 127.0.0.1 that speaks TLS and nothing in it; `onData` is called at what a client says. Its certificate begins now, as OpenSSL judges
 * it by the system's clock.
 */
export async function openTlsServer(t: { after(fn: () => void): void }, onData: () => void = () => {}) {
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
    random: seededRandom('tls-server'),
  });
  const rootsPath = join(temporaryDirectory(t), 'ca.pem');
  writeFileSync(rootsPath, ca.pem);
  const server = createServer({
    cert: toPem('CERTIFICATE', der),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket) => void socket.on('error', () => {}).on('data', onData));
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
