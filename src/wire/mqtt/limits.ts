/** What one MQTT connection may cost us, and where the cloud says so. */
export type MqttLimits = {
  /** Body of one PUBLISH; hub-device-protocol.md 4.4: more closes the connection. */
  readonly payloadBytesMax: number;
  /** Remaining length of any packet: the largest body plus the longest topic and a packet id. More closes. */
  readonly packetBytesMax: number;
  /** Remaining length of the first packet, whose sender nobody knows yet: a full will and generous names. */
  readonly connectBytesMax: number;
  /** Bytes kept between CONNECT and `accept`; more closes. Above one socket read, so that pausing the socket suffices. */
  readonly beforeAcceptBytesMax: number;
  /** Inbound QoS 1 messages waiting for `acknowledge`; at the limit the session asks its pump to stop reading. */
  readonly inboundInflightMax: number;
  /** Outbound QoS 1 messages waiting for PUBACK; at the limit `publish` declines. The cloud's window is not published; 50 is ours (4.8). */
  readonly outboundInflightMax: number;
  /** Bytes waiting to be taken by the pump; above it `publish` declines and the session asks to stop reading. */
  readonly outputBytesMax: number;
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE; more closes. The hub knows eight. */
  readonly filtersPerPacketMax: number;
  /** Time from the start of the session to a complete CONNECT (4.2). */
  readonly connectMsMax: number;
  /** Ceiling for 1.5 × keep-alive, and the value for keep-alive 0 (4.3). */
  readonly keepAliveMsMax: number;
};

export const defaultMqttLimits: MqttLimits = {
  payloadBytesMax: 256 * 1024,
  packetBytesMax: 256 * 1024 + 65_535 + 4,
  connectBytesMax: 80 * 1024,
  beforeAcceptBytesMax: 128 * 1024,
  inboundInflightMax: 1_024,
  outboundInflightMax: 50,
  outputBytesMax: 1024 * 1024,
  filtersPerPacketMax: 100,
  connectMsMax: 30_000,
  keepAliveMsMax: 1_767_000,
};
