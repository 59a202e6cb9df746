import { createServer, type Server, type TLSSocket } from 'node:tls';
import { AmqpConnections, type AmqpConnectionsOptions } from './amqp-connections.ts';
import { guardSockets } from './guard-sockets.ts';
import { listen, stopListening } from './listen.ts';
import { peerCertificates } from './peer-certificates.ts';
import { type ServerIdentity, tlsOptions } from './tls-options.ts';

export type AmqpListenerOptions = AmqpConnectionsOptions & {
  readonly address: string;
  readonly port: number;
  readonly identity: ServerIdentity;
};

/** AMQP over TLS, from its first byte. Accepts any client certificate, or none, and hands it on as evidence. */
export class AmqpListener {
  readonly #options: AmqpListenerOptions;
  readonly #server: Server;
  readonly #connections: AmqpConnections;

  constructor(options: AmqpListenerOptions) {
    this.#options = options;
    this.#connections = new AmqpConnections(options);
    this.#server = createServer({
      ...tlsOptions(options.identity, { asksForCertificate: true }),
      handshakeTimeout: options.limits.handshakeMsMax,
      noDelay: true,
    });
    guardSockets(this.#server, options.limits);
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
  }

  /** Presents `identity` from the next handshake on. */
  present(identity: ServerIdentity): void {
    this.#server.setSecureContext(tlsOptions(identity, { asksForCertificate: true }));
  }

  /** Resolves with the port, which matters when 0 was asked for. Throws when it cannot be bound. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.address, this.#options.port);
    this.#connections.start();
    return port;
  }

  get connectionCount(): number {
    return this.#connections.count;
  }

  async stop(): Promise<void> {
    const stopped = stopListening(this.#server);
    this.#connections.stop();
    await stopped;
  }

  #accept(socket: TLSSocket): void {
    const { platform, limits } = this.#options;
    this.#connections.open(socket, {
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      serverName: typeof socket.servername === 'string' ? socket.servername : undefined,
      tlsVersion: socket.getProtocol() ?? '',
      certificates: peerCertificates(socket, limits.chainCertificatesMax),
      trackingId: platform.random.uuid(),
    });
  }
}
