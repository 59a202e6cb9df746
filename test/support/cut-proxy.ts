import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A network between clients and `to` that can fail: passes bytes on, port by port, until it cuts every connection at once. */
export async function openCutProxy(address: string, to: string, ports: readonly number[]) {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  for (const port of ports) {
    const server = createServer((near) => {
      const far = connect(port, to);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one);
        one.setNoDelay(true);
        one.pipe(other);
        // What ends one side ends the other.
        one.on('error', () => {});
        one.on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      }
    });
    server.listen(port, address);
    await once(server, 'listening');
    servers.push(server);
  }
  const cut = () => {
    // An end and no reset: what the SDK makes of a reset over MQTT, its own policy takes for a reason to give up.
    for (const socket of sockets) socket.destroy();
  };
  return {
    cut,
    async close(): Promise<void> {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      cut();
      await Promise.all(closed);
    },
  };
}

export type CutProxy = Awaited<ReturnType<typeof openCutProxy>>;
