/** The MQTT 3.1.1 control packets by the number in the upper half of their first byte (section 2.2.1). */
export const packetType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** The only protocol level we speak: 3.1.1. */
export const protocolLevel311 = 4;

export type Qos = 0 | 1 | 2;

/** CONNACK return codes that we ever send. The hub keeps to 1, 3 and 5 (hub-device-protocol.md 4.2); 2 is the broker's [MQTT-3.1.3-8]. */
export type ConnackRefusal = 1 | 2 | 3 | 5;

/** SUBACK return code for a filter that was refused. */
export const subscriptionRefused = 0x80;

export type Will = { readonly topic: string; readonly payload: Buffer; readonly qos: Qos; readonly retain: boolean };

/** A CONNECT. Its buffers are copies: they may be kept. */
export type ConnectPacket = {
  readonly protocolName: string;
  readonly protocolLevel: number;
  readonly cleanSession: boolean;
  readonly keepAliveSeconds: number;
  /** May be empty; MQTT then lets a server choose one, which no surface of ours does. */
  readonly clientId: string;
  readonly userName?: string;
  readonly password?: Buffer;
  readonly will?: Will;
};

/** A PUBLISH that arrived. It and its payload are valid only during the call that hands it on: the memory is used again. */
export type InboundPublish = {
  readonly topic: string;
  readonly payload: Buffer;
  /** 2 only where the surface said that it speaks it. */
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 when the QoS is 0. */
  readonly packetId: number;
};

/** A PUBLISH that was larger than allowed: what is left of it once its payload was dropped. */
export type OversizePublish = Omit<InboundPublish, 'payload'> & { readonly payloadBytes: number };

/** A PUBLISH to send. The payload is copied at once. */
export type OutboundPublish = {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  readonly dup?: boolean;
};

/** What a server may send, where it speaks QoS 2. */
export type ServerPublish = Omit<OutboundPublish, 'qos'> & { readonly qos: Qos };

export type Subscription = { readonly filter: string; readonly qos: Qos };

/**
 * A peer broke the protocol. `clause` is the statement of the standard that was broken; the session
 * that catches this closes its connection [MQTT-4.8.0-1].
 */
export class MalformedPacket extends Error {
  readonly clause: string;

  constructor(clause: string, detail: string) {
    super(`${detail} [${clause}]`);
    this.name = 'MalformedPacket';
    this.clause = clause;
  }
}
