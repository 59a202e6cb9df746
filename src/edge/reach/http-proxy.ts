import { Problem } from '#base/problem.ts';
import { dialTcp, type TcpSocket } from '../host/tcp.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** An HTTP proxy on the way to the cloud. */
export type HttpProxy = {
  readonly host: string;
  readonly port: number;
  /** What `Proxy-Authorization` says; a secret. */
  readonly authorization: string | undefined;
};

const headBytesMax = 16 * 1024;

/** The proxy that the settings name; undefined for none. Throws Problem for an address that is none, or of a kind that is not there. */
export function loadProxy(settings: TedgeSettings): HttpProxy | undefined {
  const address = settings.load('proxy.address');
  if (typeof address !== 'string' || address === '') return undefined;
  const wrong = (why: string, code: 'argument-invalid' | 'not-supported' = 'argument-invalid') =>
    new Problem(code, `'proxy.address' ${why}.\nRun 'tedge config set proxy.address http://HOST:PORT'.`);
  const text = address.includes('://') ? address : `http://${address}`;
  if (!URL.canParse(text)) throw wrong('is no address of a proxy');
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  if (protocol !== 'http:') throw wrong(`has the scheme ${protocol.slice(0, -1)}; a proxy is reached over http`, 'not-supported');
  // It would be printed wherever the address is.
  if (username || password) throw wrong('names a user: that goes into proxy.username and proxy.password');
  if (pathname !== '/') throw wrong('has a path');
  const user = settings.load('proxy.username');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    authorization:
      typeof user === 'string'
        ? `Basic ${Buffer.from(`${user}:${settings.load('proxy.password') ?? ''}`).toString('base64')}`
        : undefined,
  };
}

/** A connection to `host` that `proxy` made for us (RFC 9110 9.3.6). Rejects with what the proxy answered, or when `signal` aborts. */
export async function dialThroughProxy(
  proxy: HttpProxy,
  { host, port, signal }: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
): Promise<TcpSocket> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const socket = await dialTcp(proxy.host, proxy.port, signal).catch((error: unknown) => {
    throw new Error(`The proxy ${proxy.host}:${proxy.port} cannot be reached: ${error instanceof Error ? error.message : error}`);
  });
  const authorization = proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
  const status = await readStatus(socket, signal);
  if (status >= 200 && status < 300) return socket;
  socket.destroy();
  throw new Error(`The proxy ${proxy.host}:${proxy.port} answered ${status} to CONNECT ${target}.`);
}

/** Reads the head of an answer and nothing behind it: what follows is the other end's. */
function readStatus(socket: TcpSocket, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const done = (error?: Error) => {
      socket.off('readable', read);
      socket.off('error', done);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (!error) return;
      socket.destroy();
      reject(error);
    };
    const onClose = () => done(new Error('The proxy closed the connection.'));
    const onAbort = () => done(new Error('The proxy did not answer in time.'));
    const read = () => {
      for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read()) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0 && head.length <= headBytesMax) continue;
        const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(head.toString('latin1', 0, Math.max(0, end))) ?? [];
        if (status === undefined) return done(new Error('The proxy answered with something that is not HTTP.'));
        done();
        if (end + 4 < head.length) socket.unshift(head.subarray(end + 4));
        return resolve(Number(status));
      }
    };
    socket.on('readable', read);
    socket.once('error', done);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
