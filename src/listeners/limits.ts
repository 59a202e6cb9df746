import { defaultMqttLimits } from '#wire/mqtt/limits.ts';

/** What the listeners bear before they refuse. Those that an operator may want otherwise are settings: src/server/listener-limits.ts. */
export type ListenerLimits = {
  /** Open connections in all, per listener. */
  connectionsMax: number;
  /** Open connections from one address. A gateway or a test fleet may need more. */
  connectionsPerAddressMax: number;
  /**
   * TLS handshakes under way. Above it the one that has waited longest is cut off: a peer that means it needs a round
   * trip or two, so whoever holds places without using them makes room first. Twice what the system may hand over at once.
   */
  handshakesMax: number;
  /** From TCP accept to the end of the TLS handshake. */
  handshakeMsMax: number;
  /** From the end of the handshake to a complete CONNECT, hub-device-protocol.md 4.2. */
  connectMsMax: number;
  /** Largest CONNECT, whose sender nobody knows yet. */
  connectBytesMax: number;
  /** Bytes taken behind CONNECT before the device is let in. */
  beforeSignInBytesMax: number;
  /** Certificates read from a peer's chain (sphere.md 5: at most 10 parsed). */
  chainCertificatesMax: number;
  /** Bytes waiting in one socket before its peer, who does not read, is cut off. */
  socketBacklogBytesMax: number;
  /** Request line and headers of one request; more is answered 431. */
  httpHeaderBytesMax: number;
  /** For the headers of a request; on a new connection from its handshake on. Answered 408. */
  httpHeadersMsMax: number;
  /** For a whole request, body included. Answered 408. */
  httpRequestMsMax: number;
  /** How long an answer may lie in the socket of a peer that does not read it. */
  httpAnswerMsMax: number;
  /**
   * How long a connection is kept for another request. Service SDKs keep theirs for as long as the server does and fail the
   * request that crosses the end, so it is as long as the cloud's.
   */
  httpIdleMsMax: number;
  /** Requests of one connection that wait for their answers; who sends more ahead is cut off. */
  httpPipelinedMax: number;
  /** One message, fragments joined: it is held whole before a byte of it is read. Three times the largest MQTT packet. */
  webSocketMessageBytesMax: number;
  webSocketFragmentsMax: number;
  /** Of an MQTT session that has begun: src/wire/mqtt/limits.ts says what each is. */
  mqttPayloadBytesMax: number;
  mqttKeepAliveMsMax: number;
  mqttInFlightMax: number;
  mqttFiltersPerPacketMax: number;
};

export const listenerLimits: ListenerLimits = {
  connectionsMax: 100_000,
  connectionsPerAddressMax: 50_000,
  handshakesMax: 8_192,
  handshakeMsMax: 20_000,
  connectMsMax: 30_000,
  connectBytesMax: 80 * 1024,
  beforeSignInBytesMax: 128 * 1024,
  chainCertificatesMax: 10,
  socketBacklogBytesMax: 4 * 1024 * 1024,
  httpHeaderBytesMax: 16 * 1024,
  httpHeadersMsMax: 30_000,
  httpRequestMsMax: 120_000,
  httpAnswerMsMax: 120_000,
  httpIdleMsMax: 120_000,
  httpPipelinedMax: 1_000,
  webSocketMessageBytesMax: 1024 * 1024,
  webSocketFragmentsMax: 1_024,
  mqttPayloadBytesMax: defaultMqttLimits.payloadBytesMax,
  mqttKeepAliveMsMax: defaultMqttLimits.keepAliveMsMax,
  mqttInFlightMax: defaultMqttLimits.outboundInflightMax,
  mqttFiltersPerPacketMax: defaultMqttLimits.filtersPerPacketMax,
};
