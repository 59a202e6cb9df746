import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy that knows CONNECT and asks who is there, as the ones at the edge of a plant's network do. */
export async function openConnectProxy(t: { after(fn: () => unknown): void }, user: string, password: string) {
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  let refusals = 0;
  let isCut = false;
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on('connect', (request, near: Socket, head) => {
    if (isCut) {
      near.destroy();
      return;
    }
    if (request.headers['proxy-authorization'] !== expected) {
      refusals++;
      near.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="plant"\r\n\r\n');
      return;
    }
    const target = request.url ?? '';
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(target) ?? [];
    const far = connect(Number(port), host, () => {
      targets.push(target);
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      near.pipe(far).pipe(near);
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    /** What it was asked to connect to, and did. */
    targets,
    refusals: () => refusals,
    /** Ends what goes through it, and lets nothing through until `mend`. */
    cut(): void {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend(): void {
      isCut = false;
    },
  };
}
