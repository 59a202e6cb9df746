import type { MqttLimits } from './limits.ts';
import type { ConnackRefusal, ConnectPacket, InboundPublish, OutboundPublish, Subscription } from './packet.ts';

/** Why a session ended: one of the session's own words, or the word that a surface gave to `close`. */
export type CloseReason =
  | 'disconnect'
  | 'connection-lost'
  | 'malformed-packet'
  | 'packet-too-large'
  | 'protocol-level'
  | 'refused'
  | 'connect-timeout'
  | 'keep-alive-timeout'
  | 'sent-too-much-before-accept'
  | (string & Record<never, never>);

/** What a surface does with the events of one connection. `ended` is called exactly once. */
export type SessionHandler = {
  /** `publish` is valid only during the call. A QoS 1 message is owed one `session.acknowledge(packetId)`, now or later. */
  publish(publish: InboundPublish): void;
  /** The client acknowledged what `session.publish` sent under this id. */
  acknowledged(packetId: number): void;
  /** Owed one `session.grant` with a code per filter, in order. */
  subscribe(packetId: number, filters: readonly Subscription[]): void;
  /** Owed one `session.unsubscribed`. */
  unsubscribe(packetId: number, filters: readonly string[]): void;
  /** `clean`: the client sent DISCONNECT, so its will must not be delivered [MQTT-3.14.4-3]. */
  ended(reason: CloseReason, clean: boolean): void;
  /** There is room again after `session.publish` declined for lack of it. */
  writable?(): void;
};

export type MqttServerSessionOptions = {
  readonly limits?: MqttLimits;
  /** Monotonic milliseconds, for keep-alive; read once per `receive`. */
  readonly nowMs: () => number;
  /** A CONNECT arrived. The callee answers with `accept` or `refuse`, at once or later; without a handler, events go nowhere. */
  readonly onConnect: (packet: ConnectPacket) => SessionHandler | undefined;
  /** There is output to take; called once, then not again before `takeOutput`. */
  readonly onOutput: () => void;
  /** The pump takes what output is left, writes it and ends the socket. Called once. */
  readonly onClose: (reason: CloseReason) => void;
};

export declare class MqttServerSession {
  constructor(options: MqttServerSessionOptions);
  /** More details of why it ended, for the log: quotes the broken clause. Empty while open. */
  get closeDetail(): string;
  get isClosed(): boolean;
  get bufferedOutputBytes(): number;
  /** False: the pump should stop reading the socket until it is true again (looked at after each receive and each flush). */
  get wantsInput(): boolean;
  /** False: `publish` would decline, for lack of room or of inflight window. */
  get isWritable(): boolean;
  receive(chunk: Buffer): void;
  takeOutput(): Buffer | undefined;
  endOfInput(): void;
  /** Closes when the CONNECT or keep-alive deadline has passed. The pump's wheel calls it, every few seconds. */
  checkKeepAlive(nowMs: number): void;
  /** CONNACK 0. Call it last: packets that arrived meanwhile are handed on before it returns. */
  accept(sessionPresent: boolean): void;
  refuse(code: ConnackRefusal): void;
  close(reason: CloseReason): void;
  acknowledge(packetId: number): void;
  /** Packet id for QoS 1, 0 for QoS 0; false when it was declined (closed, window or buffer full): nothing was sent. */
  publish(packet: OutboundPublish): number | false;
  grant(packetId: number, codes: readonly number[]): void;
  unsubscribed(packetId: number): void;
}
