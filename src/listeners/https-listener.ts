import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Platform } from '#base/platform.ts';
import { countConnections } from './count-connections.ts';
import { guardSockets } from './guard-sockets.ts';
import type { ListenerLimits } from './limits.ts';
import { listen, stopListening } from './listen.ts';
import { OpenAnswers } from './open-answers.ts';
import { peerCertificates } from './peer-certificates.ts';
import type { HttpSurface, Peer } from './surface.ts';
import { type ServerIdentity, tlsOptions } from './tls-options.ts';

export type HttpsListenerOptions = {
  readonly platform: Platform;
  readonly address: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  readonly limits: ListenerLimits;
  /** True on the devices' port; people's browsers would prompt for a certificate, so their port does not ask. */
  readonly asksForCertificate: boolean;
  /** The surface for a request, or undefined: 404. */
  choose(request: IncomingMessage): HttpSurface | undefined;
  /** Who takes connections that leave HTTP; without one an upgrade is an ordinary request. */
  readonly upgrade?: HttpUpgrade;
};

/** Takes the sockets of requests that ask for another protocol. Once taken they are its to end. */
export type HttpUpgrade = {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  start(): void;
  stop(): void;
};

/** How late a timeout may act; Node looks every 30 s unless told otherwise. */
const timeoutCheckMs = 2_000;

/** HTTPS for devices and services, or for people. */
export class HttpsListener {
  readonly #options: HttpsListenerOptions;
  readonly #server: Server;
  readonly #answers: OpenAnswers;

  constructor(options: HttpsListenerOptions) {
    this.#options = options;
    const { limits } = options;
    this.#answers = new OpenAnswers(options.platform.clock, limits);
    this.#server = createServer({
      ...tlsOptions(options.identity, { asksForCertificate: options.asksForCertificate }),
      handshakeTimeout: limits.handshakeMsMax,
      // Headers are part of their request; Node refuses to be told otherwise.
      headersTimeout: Math.min(limits.httpHeadersMsMax, limits.httpRequestMsMax),
      requestTimeout: limits.httpRequestMsMax,
      keepAliveTimeout: limits.httpIdleMsMax,
      connectionsCheckingInterval: timeoutCheckMs,
      maxHeaderSize: limits.httpHeaderBytesMax,
      noDelay: true,
    });
    guardSockets(options.platform, this.#server, limits);
    // Kept connections are a courtesy: on a full port they make room for whoever comes next.
    this.#server.on('drop', () => this.#server.closeIdleConnections());
    this.#server.on('secureConnection', readAsStream);
    this.#server.on('secureConnection', countConnections(options.platform, 'https'));
    this.#server.on('request', (request, response) => {
      if (!this.#answers.admit(response, request.socket)) return;
      const surface = options.choose(request);
      if (surface) surface(request, response);
      else response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is nothing here.\n');
    });
    const { upgrade } = options;
    if (upgrade) this.#server.on('upgrade', (request, socket, head) => upgrade.accept(request, socket, head));
  }

  /** Presents `identity` from the next handshake on. */
  present(identity: ServerIdentity): void {
    const { asksForCertificate } = this.#options;
    this.#server.setSecureContext(tlsOptions(identity, { asksForCertificate }));
  }

  /** Resolves with the port that was bound; throws when it cannot be. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.address, this.#options.port);
    this.#answers.start();
    this.#options.upgrade?.start();
    return port;
  }

  /** Lets requests under way finish; idle keep-alive connections and event streams are ended. */
  async stop(): Promise<void> {
    const stopped = stopListening(this.#server);
    this.#options.upgrade?.stop();
    this.#server.closeIdleConnections();
    const cancel = this.#options.platform.clock.after(drainMsMax, () => this.#server.closeAllConnections());
    await stopped;
    cancel();
    this.#answers.stop();
  }
}

/**
 * Node's parser takes the bytes of a socket past its stream until somebody listens to the stream. On that way what
 * TLS has in hand goes on arriving after Node has paused a client that sends many requests ahead, and is taken for a
 * broken request: the connection is cut in the middle of its answers. The stream keeps what comes while it is paused.
 */
function readAsStream(socket: TLSSocket): void {
  const listener = () => {};
  socket.on('data', listener).off('data', listener);
}

/** What a request under way gets to finish when the server stops; event streams never finish by themselves. */
const drainMsMax = 1_000;

/** Who sends `request`, for surfaces that decide by certificate. */
export function peerOf(request: IncomingMessage, platform: Platform, limits: ListenerLimits): Peer {
  const tls = tlsOf(request);
  return {
    remoteAddress: request.socket.remoteAddress ?? '',
    remotePort: request.socket.remotePort ?? 0,
    serverName: serverNameOf(request),
    tlsVersion: tls?.getProtocol() ?? '',
    certificates: tls ? peerCertificates(tls, limits.chainCertificatesMax) : [],
    trackingId: platform.random.uuid(),
  };
}

/** The name the client asked for (SNI), if it sent one. */
export function serverNameOf(request: IncomingMessage): string | undefined {
  const name = tlsOf(request)?.servername;
  return typeof name === 'string' ? name : undefined;
}

function tlsOf(request: IncomingMessage): TLSSocket | undefined {
  const socket: Duplex = request.socket;
  return socket instanceof TLSSocket ? socket : undefined;
}
