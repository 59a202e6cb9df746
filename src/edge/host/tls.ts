import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

export type TlsTarget = {
  readonly host: string;
  readonly port: number;
  /** PEM certificates: the only roots that are trusted. */
  readonly roots: readonly string[];
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly signal: AbortSignal;
};

/** A TLS connection whose server showed a certificate for `host`; the client's own is sent when it is asked for (thin-edge.md 8.1). */
export function dialTls({ host, port, roots, certificatePem, keyPem, signal }: TlsTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ca: [...roots],
      cert: certificatePem,
      key: keyPem,
      minVersion: 'TLSv1.2',
      ...(isIP(host) ? {} : { servername: host }),
    });
    const give = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const onAbort = () => give(new Error(`${host}:${port} did not finish the handshake in time.`));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setNoDelay(true);
    socket.once('error', give);
    socket.once('close', () => reject(new Error(`${host}:${port} closed the connection.`)));
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', give);
      resolve(socket);
    });
  });
}
