import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AmqpConnection } from '#wire/amqp/connection.ts';
import type { AmqpHandler, AmqpOpen } from '#wire/amqp/handler.ts';
import type { PlainCredentials } from '#wire/amqp/sasl.ts';
import type { ConnectPacket } from '#wire/mqtt/packet.ts';
import type { MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';

/** What the listener knows of the other end. TLS decided nothing: the certificates are evidence. */
export type Peer = {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The name the client asked for (SNI), if it sent one. */
  readonly serverName: string | undefined;
  readonly tlsVersion: string;
  /** DER, leaf first, as the client sent them; at most `chainCertificatesMax`. The peer proved it holds the leaf's key. */
  readonly certificates: readonly Buffer[];
  /** Finds this connection in the log. */
  readonly trackingId: string;
};

/** One accepted MQTT connection whose CONNECT has arrived. */
export type MqttConnection = {
  readonly session: MqttServerSession;
  readonly peer: Peer;
  /** Cuts the line, without a word to the client; absent where there is no line. */
  readonly cut?: () => void;
};

/** What a service offers on MQTT. */
export type MqttSurface = {
  /**
   * Takes over a connection whose first packet was `connect`. The surface answers with
   * `session.accept` or `session.refuse`, at once or later; until then no further packet is handed
   * on. What it returns gets every later event.
   */
  open(connection: MqttConnection, connect: ConnectPacket): SessionHandler;
};

/** One AMQP connection whose open has come. */
export type AmqpArrival = {
  readonly connection: AmqpConnection;
  readonly peer: Peer;
  readonly open: AmqpOpen;
  /** With what SASL PLAIN let it in; undefined for every other way. */
  readonly plain: PlainCredentials | undefined;
};

/** What a service offers on AMQP 1.0. */
export type AmqpSurface = {
  /** Whether SASL PLAIN lets somebody in. */
  authenticate(credentials: PlainCredentials, peer: Peer): Promise<boolean>;
  /** Takes over a connection. Who is at its other end shows with its links. */
  open(arrival: AmqpArrival): AmqpHandler;
};

/** What a service offers on HTTPS. `peerOf(request)` in tls-listener.ts tells who is asking. */
export type HttpSurface = (request: IncomingMessage, response: ServerResponse) => void;
