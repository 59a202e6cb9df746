import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** Where a stranger comes from and whether he reads what he gets. */
export type StrangerOptions = { readonly from?: string; readonly reads?: boolean };

/** Strangers at the ports of a server. They keep their sockets until `close`; what the server does with them is its affair. */
export class Strangers {
  readonly #target: { address: string; ca: string };
  readonly #sockets = new Set<Socket>();

  constructor(target: { address: string; ca: string }) {
    this.#target = target;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A TCP connection. Rejects when it is refused. */
  plain(port: number, { from, reads = true }: StrangerOptions = {}): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const target = { host: this.#target.address, port, ...(from !== undefined && { localAddress: from }) };
      const socket = connectPlain(target, () => resolve(socket));
      this.#keep(socket, reads, reject);
    });
  }

  /** A connection behind its TLS handshake. Rejects when the server ends it before. */
  secure(port: number, { from, reads = true }: StrangerOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const { address: host, ca } = this.#target;
      const target = { host, port, ca, servername: '', ...(from !== undefined && { localAddress: from }) };
      const socket = connect(target, () => resolve(socket));
      this.#keep(socket, reads, reject);
    });
  }

  #keep(socket: Socket, reads: boolean, reject: (error: Error) => void): void {
    this.#sockets.add(socket);
    socket.once('error', reject);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      reject(new Error('the connection was closed'));
    });
    if (reads) socket.resume();
  }
}

/** 127.0.0.2 and on: addresses that strangers come from, whose limits are not those of the devices. */
export function strangersAddress(index: number): string {
  return `127.0.0.${2 + (index % 200)}`;
}

/** Resolves when the socket is closed, from whichever side. */
export function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** Resolves when the system has taken the bytes, or the connection has ended. */
export function write(socket: Socket, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else {
      socket.once('close', resolve);
      socket.write(bytes, () => {
        socket.off('close', resolve);
        resolve();
      });
    }
  });
}

/** Sends one piece after the other at a slow pace, until the connection ends. */
export function dribble(socket: Socket, pieces: Iterator<Buffer | string>): Promise<void> {
  const timer = setInterval(() => {
    const { done, value } = pieces.next();
    if (done) clearInterval(timer);
    else if (!socket.destroyed) socket.write(value);
  }, 100);
  return ended(socket).then(() => clearInterval(timer));
}

/** Calls `make` for 0, 1, 2… below `count`, so many at a time. */
export async function inLanes(count: number, lanes: number, make: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await make(next++);
  };
  await Promise.all(Array.from({ length: Math.min(count, lanes) }, lane));
}
