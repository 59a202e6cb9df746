import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { acceptWebSocket, chooseSubProtocol } from '#wire/http/web-socket.ts';
import { AmqpConnections, type AmqpConnectionsOptions } from './amqp-connections.ts';
import { type HttpUpgrade, peerOf } from './https-listener.ts';
import { MqttSessions, type MqttSessionsOptions } from './mqtt-sessions.ts';

/** Sub-protocols we speak, in lower case. */
const served = ['mqtt', 'amqpwsb10'];

export type WebSocketUpgradeOptions = MqttSessionsOptions & Pick<AmqpConnectionsOptions, 'amqp'>;

/**
 * MQTT or AMQP in a WebSocket, on the HTTPS port of devices. The sub-protocol alone decides which: SDKs ask
 * for `/$iothub/websocket`, `/` and `/mqtt`, with a query or without (dps-device-protocol.md 1), so the path says
 * nothing; and what is inside says for which service, as on the ports of their own. Its limits are those of
 * the port (connections, connections per address) and of a session (deadline for signing in, keep-alive).
 */
export class WebSocketUpgrade implements HttpUpgrade {
  readonly #options: WebSocketUpgradeOptions;
  readonly #sessions: MqttSessions;
  readonly #amqp: AmqpConnections;
  #isStopping = false;

  constructor(options: WebSocketUpgradeOptions) {
    this.#options = options;
    this.#sessions = new MqttSessions(options);
    this.#amqp = new AmqpConnections(options);
  }

  get connectionCount(): number {
    return this.#sessions.count + this.#amqp.count;
  }

  start(): void {
    this.#sessions.start();
    this.#amqp.start();
  }

  stop(): void {
    this.#isStopping = true;
    this.#sessions.stop();
    this.#amqp.stop();
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { platform, limits } = this.#options;
    const subProtocol = chooseSubProtocol(request, served);
    const peer = peerOf(request, platform, limits);
    const refuse = (status: number, text: string) => {
      answer(socket, status, text);
      const cancel = platform.clock.after(refusalMsMax, () => socket.destroy());
      socket.once('close', cancel);
    };
    if (this.#isStopping) refuse(503, 'The server is stopping.');
    else if (subProtocol === undefined) refuse(400, `Offer a WebSocket sub-protocol that is served here: ${served}.`);
    else if (peer.certificates.length > 0 && isForeignPage(request)) {
      refuse(403, 'A page of another origin may not use the client certificate.');
    } else {
      const { webSocketMessageBytesMax: messageBytesMax, webSocketFragmentsMax: fragmentsMax } = limits;
      acceptWebSocket({ request, socket, head, subProtocol, limits: { messageBytesMax, fragmentsMax } }, (stream) =>
        (subProtocol.toLowerCase() === 'mqtt' ? this.#sessions : this.#amqp).open(stream, peer),
      );
    }
  }
}

/**
 * Whether a browser opened this for a page that is not ours. Browsers let every page open a WebSocket to
 * everywhere and send the certificate that their owner once chose for us: the one credential here that a page does
 * not have to know, there being no cookies on this port. So a certificate is good for requests without
 * an Origin (most SDKs) and with our own (Python's, which writes the address it dials). A page without
 * a certificate brings a password of its own in CONNECT, wherever it comes from, and is let on.
 */
function isForeignPage({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return false;
  const own = URL.parse(`https://${host}`)?.origin;
  return own === undefined || URL.parse(origin)?.origin !== own;
}

/** What a peer gets to read why it was refused. */
const refusalMsMax = 5_000;

function answer(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  // Destroyed, not only ended: whoever does not close its half would hold the socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
