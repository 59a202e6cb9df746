import { isIP } from 'node:net';
import { connect, getCACertificates, type TLSSocket } from 'node:tls';
import { peerCertificates } from '#listeners/peer-certificates.ts';
import type { TcpSocket } from './tcp.ts';

export type TlsSocket = TLSSocket;

/** What a device holds up when it is asked who it is. */
export type ClientCertificate = { readonly certificatePem: string; readonly keyPem: string };

export type TlsTarget = {
  readonly host: string;
  readonly port: number;
  /** PEM certificates: the only roots that are trusted. */
  readonly roots: readonly string[];
  /** None for who signs in with a token. */
  readonly identity?: ClientCertificate | undefined;
  /** A connection to the target that is there already, through a proxy. */
  readonly through?: TcpSocket | undefined;
  /** Decides about the server's certificates, leaf first, in place of OpenSSL, which knows no time but the system's. Throws to refuse. */
  readonly judge?: ((chain: readonly Buffer[]) => void) | undefined;
  readonly signal: AbortSignal;
};

/** Whether a host is an address, and no name. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

/** No more of what a server sent is looked at. */
const chainMax = 10;

/** What Node trusts where nothing else is said, in PEM. */
export function systemRoots(): readonly string[] {
  return getCACertificates('default');
}

/** A TLS connection whose server showed a certificate for `host`; the client's own is sent when it is asked for (thin-edge.md 8.1). */
export function dialTls({ host, port, roots, identity, through, judge, signal }: TlsTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(through ? { socket: through } : { host, port }),
      ca: [...roots],
      ...(identity ? { cert: identity.certificatePem, key: identity.keyPem } : {}),
      minVersion: 'TLSv1.2',
      // A connection through a proxy knows neither name nor address of its other end.
      ...(isAddress(host) ? { host } : { host, servername: host }),
      rejectUnauthorized: judge === undefined,
    });
    const give = (error: Error) => {
      socket.destroy();
      through?.destroy();
      reject(error);
    };
    const onAbort = () => give(new Error(`${host}:${port} did not finish the handshake in time.`));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setNoDelay(true);
    socket.once('error', give);
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      reject(new Error(`${host}:${port} closed the connection.`));
    });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      try {
        judge?.(peerCertificates(socket, chainMax));
      } catch (error) {
        give(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      // Whoever gets it may not listen at once, and an error that nobody hears ends the process. Of one within TLS, such as an
      // alert, Node does not end the socket itself.
      socket.on('error', (error) => void socket.destroy(error));
      socket.off('error', give);
      resolve(socket);
    });
  });
}
