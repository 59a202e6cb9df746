import type { MqttLimits } from './limits.ts';
import type { InboundPublish, OutboundPublish, Subscription, Will } from './packet.ts';
import type { CloseReason } from './server-session.ts';

export type ClientConnect = {
  readonly clientId: string;
  readonly userName?: string;
  readonly password?: Buffer;
  readonly keepAliveSeconds: number;
  readonly cleanSession: boolean;
  readonly will?: Will;
};

export type MqttClientSessionOptions = {
  readonly limits?: MqttLimits;
  readonly nowMs: () => number;
  /** There is output to take; called once, then not again before `takeOutput`. */
  readonly onOutput: () => void;
  /** The server answered: 0 is accepted; after any other code the session closes. */
  readonly onConnack: (code: number, sessionPresent: boolean) => void;
  /** Valid only during the call; a QoS 1 message is acknowledged when it returns. */
  readonly onMessage: (publish: InboundPublish) => void;
  /** The pump writes what output is left and ends the socket. Called once. */
  readonly onClose: (reason: CloseReason) => void;
};

export declare class MqttClientSession {
  constructor(options: MqttClientSessionOptions);
  get isConnected(): boolean;
  get isClosed(): boolean;
  get closeDetail(): string;
  connect(connect: ClientConnect): void;
  /** `onGranted` gets a SUBACK code per filter. */
  subscribe(filters: readonly Subscription[], onGranted?: (codes: readonly number[]) => void): void;
  unsubscribe(filters: readonly string[], onDone?: () => void): void;
  /** `onAck` is called at the PUBACK of a QoS 1 message. False when closed or the window is full. */
  publish(packet: OutboundPublish, onAck?: () => void): boolean;
  /** Sends DISCONNECT and closes. */
  disconnect(): void;
  receive(chunk: Buffer): void;
  takeOutput(): Buffer | undefined;
  endOfInput(): void;
  /** Pings when the keep-alive is due; closes when a ping stays unanswered. */
  checkKeepAlive(nowMs: number): void;
}
