import type { Clock } from '#base/clock.ts';
import { openClientConnection } from '#wire/mqtt/client-connection.ts';
import type { ConnectFields } from '#wire/mqtt/encode.ts';
import type { InboundPublish, OutboundPublish, Subscription } from '#wire/mqtt/packet.ts';
import { type ClientIdentity, type Network, openTls } from './connection.ts';

/** An open MQTT connection over one TLS socket. */
export type MqttConnection = {
  subscribe(filters: readonly Subscription[], onGranted?: () => void): void;
  /** False when closed or when the window is full. */
  publish(packet: OutboundPublish, onAck?: () => void): boolean;
  disconnect(): void;
  /** Resolves with the reason when the connection has ended, whoever ended it. */
  readonly closed: Promise<string>;
};

/** Opens TLS, sends CONNECT and waits for the answer. `onMessage` may be called before this resolves. */
export async function openMqttConnection(options: {
  clock: Clock;
  network: Network;
  host: string;
  port: number;
  /** None for a device that signs in with a password. */
  identity?: ClientIdentity | undefined;
  connect: ConnectFields;
  onMessage: (publish: InboundPublish) => void;
}): Promise<MqttConnection> {
  const { clock, connect, onMessage } = options;
  const socket = await openTls(options.network, options);
  const { session, closed } = await openClientConnection(socket, { clock, connect, onMessage });
  return {
    subscribe: (filters, onGranted) => session.subscribe(filters, onGranted && (() => onGranted())),
    publish: (packet, onAck) => session.publish(packet, onAck),
    disconnect: () => session.disconnect(),
    closed,
  };
}
