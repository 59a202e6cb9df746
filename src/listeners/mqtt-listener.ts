import { createServer, type Server, type TLSSocket } from 'node:tls';
import { guardSockets } from './guard-sockets.ts';
import { listen, stopListening } from './listen.ts';
import { MqttSessions, type MqttSessionsOptions } from './mqtt-sessions.ts';
import { peerCertificates } from './peer-certificates.ts';
import type { Peer } from './surface.ts';
import { type ServerIdentity, tlsOptions } from './tls-options.ts';

export type MqttListenerOptions = MqttSessionsOptions & {
  readonly address: string;
  readonly port: number;
  readonly identity: ServerIdentity;
};

/** MQTT over TLS. Accepts any client certificate, or none, and hands it on as evidence; trust/ decides later. */
export class MqttListener {
  readonly #options: MqttListenerOptions;
  readonly #server: Server;
  readonly #sessions: MqttSessions;

  constructor(options: MqttListenerOptions) {
    this.#options = options;
    this.#sessions = new MqttSessions(options);
    this.#server = createServer({
      ...tlsOptions(options.identity, { asksForCertificate: true }),
      handshakeTimeout: options.limits.handshakeMsMax,
      // A PUBACK is small and awaited: it must not wait for more output to share its segment.
      noDelay: true,
    });
    guardSockets(this.#server, options.limits);
    this.#server.on('secureConnection', (socket) => this.#sessions.open(socket, this.#peerOf(socket)));
  }

  /** Presents `identity` from the next handshake on. */
  present(identity: ServerIdentity): void {
    this.#server.setSecureContext(tlsOptions(identity, { asksForCertificate: true }));
  }

  /** Resolves with the port, which matters when 0 was asked for. Throws when it cannot be bound. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.address, this.#options.port);
    this.#sessions.start();
    return port;
  }

  get connectionCount(): number {
    return this.#sessions.count;
  }

  async stop(): Promise<void> {
    const stopped = stopListening(this.#server);
    this.#sessions.stop();
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
