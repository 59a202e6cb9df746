import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Platform } from '#base/platform.ts';
import { guardSockets } from './guard-sockets.ts';
import type { ListenerLimits } from './limits.ts';
import { listen, stopListening } from './listen.ts';
import { peerCertificates } from './peer-certificates.ts';
import type { Peer } from './surface.ts';
import { type ServerIdentity, tlsOptions } from './tls-options.ts';

/** The connections of one protocol, whatever carries their bytes: mqtt-sessions.ts and amqp-connections.ts. */
export type ProtocolConnections = {
  start(): void;
  open(stream: Duplex, peer: Peer): void;
  readonly count: number;
  stop(): void;
};

export type TlsListenerOptions = {
  readonly platform: Platform;
  readonly address: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  readonly limits: ListenerLimits;
};

/** One protocol over TLS, from its first byte. Accepts any client certificate, or none, and hands it on as evidence; trust/ decides later. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #server: Server;
  readonly #connections: ProtocolConnections;

  constructor(options: TlsListenerOptions, connections: ProtocolConnections) {
    this.#options = options;
    this.#connections = connections;
    this.#server = createServer({
      ...tlsOptions(options.identity, { asksForCertificate: true }),
      handshakeTimeout: options.limits.handshakeMsMax,
      // A PUBACK is small and awaited: it must not wait for more output to share its segment.
      noDelay: true,
    });
    guardSockets(options.platform, this.#server, options.limits);
    this.#server.on('secureConnection', (socket) => connections.open(socket, this.#peerOf(socket)));
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

  #peerOf(socket: TLSSocket): Peer {
    const { platform, limits } = this.#options;
    return {
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      serverName: typeof socket.servername === 'string' ? socket.servername : undefined,
      tlsVersion: socket.getProtocol() ?? '',
      certificates: peerCertificates(socket, limits.chainCertificatesMax),
      trackingId: platform.random.uuid(),
    };
  }
}
