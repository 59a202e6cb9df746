import { connect, createServer, type Server, type Socket } from 'node:net';

export type TcpSocket = Socket;

/** A plain connection; the local broker is spoken to without TLS. Rejects with the system's error, or when `signal` aborts. */
export function dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const give = (error: Error) => {
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => give(new Error(`${host}:${port} did not answer in time.`));
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setNoDelay(true);
    socket.once('error', give);
    socket.once('connect', () => {
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', give);
      resolve(socket);
    });
  });
}

/** A server for plain connections, not listening yet. */
export function serveTcp(onSocket: (socket: Socket) => void): Server {
  return createServer({ noDelay: true }, onSocket);
}
