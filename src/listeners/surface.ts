import type { IncomingMessage, ServerResponse } from 'node:http';
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

/** What a service offers on HTTPS. `peerOf(request)` in tls-listener.ts tells who is asking. */
export type HttpSurface = (request: IncomingMessage, response: ServerResponse) => void;
