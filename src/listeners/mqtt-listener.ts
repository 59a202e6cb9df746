import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import { MqttServerSession } from '#wire/mqtt/server-session.ts';
import { AddressCounter } from './address-counter.ts';
import { chooseMqtt, type MqttTarget } from './host-table.ts';
import type { ListenerLimits } from './limits.ts';
import { listen, stopListening } from './listen.ts';
import { peerCertificates } from './peer-certificates.ts';
import { pumpStream } from './stream-pump.ts';
import type { MqttSurface, Peer } from './surface.ts';
import { type ServerIdentity, tlsOptions } from './tls-options.ts';

export type MqttListenerOptions = {
  readonly platform: Platform;
  readonly address: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  readonly limits: ListenerLimits;
  readonly surfaces: Readonly<Record<MqttTarget, MqttSurface>>;
};

/** One keep-alive wheel for all connections: a deadline is noticed at most this much late. */
const wheelMs = 2_000;

/** MQTT over TLS. Accepts any client certificate, or none, and hands it on as evidence; trust/ decides later. */
export class MqttListener {
  readonly #options: MqttListenerOptions;
  readonly #server: Server;
  readonly #sessions = new Set<MqttServerSession>();
  readonly #sockets = new Set<TLSSocket>();
  readonly #addresses: AddressCounter;
  #wheel: Cancel | undefined;

  constructor(options: MqttListenerOptions) {
    this.#options = options;
    this.#addresses = new AddressCounter(options.limits.connectionsPerAddressMax);
    this.#server = createServer({
      ...tlsOptions(options.identity, { asksForCertificate: true }),
      handshakeTimeout: options.limits.handshakeMsMax,
      // A PUBACK is small and awaited: it must not wait for more output to share its segment.
      noDelay: true,
    });
    this.#server.maxConnections = options.limits.connectionsMax;
    this.#server.on('connection', (socket) => {
      if (!this.#addresses.admit(socket)) socket.destroy();
      // Not everybody who opens a socket finishes a handshake; the failures are theirs.
      socket.on('error', () => socket.destroy());
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('secureConnection', (socket) => this.#open(socket));
  }

  /** Resolves with the port, which matters when 0 was asked for. Throws when it cannot be bound. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.address, this.#options.port);
    this.#turnWheel();
    return port;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  async stop(): Promise<void> {
    this.#wheel?.();
    const stopped = stopListening(this.#server);
    for (const session of this.#sessions) session.close('server-stopping');
    for (const socket of this.#sockets) socket.end();
    await stopped;
  }

  #open(socket: TLSSocket): void {
    const { platform, limits, surfaces } = this.#options;
    const peer: Peer = {
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      serverName: typeof socket.servername === 'string' ? socket.servername : undefined,
      tlsVersion: socket.getProtocol() ?? '',
      certificates: peerCertificates(socket, limits.chainCertificatesMax),
      trackingId: platform.random.uuid(),
    };
    this.#sockets.add(socket);
    const onBug = (error: unknown) =>
      platform.log.error('connection.broke', {
        trackingId: peer.trackingId,
        error: error instanceof Error ? error.stack : String(error),
      });
    pumpStream(socket, { backlogBytesMax: limits.socketBacklogBytesMax, onBug }, (side) => {
      const session: MqttServerSession = new MqttServerSession({
        limits: { ...defaultMqttLimits, connectMsMax: limits.connectMsMax },
        nowMs: () => platform.clock.monotonic(),
        onConnect: (packet) => surfaces[chooseMqtt(packet.userName)].open({ session, peer }, packet),
        onOutput: side.onOutput,
        onClose: side.onClose,
      });
      this.#sessions.add(session);
      socket.once('close', () => {
        this.#sessions.delete(session);
        this.#sockets.delete(socket);
      });
      return session;
    });
  }

  #turnWheel(): void {
    this.#wheel = this.#options.platform.clock.after(wheelMs, () => {
      const now = this.#options.platform.clock.monotonic();
      for (const session of this.#sessions) session.checkKeepAlive(now);
      this.#turnWheel();
    });
  }
}
