import type { Clock } from '#base/clock.ts';
import { type ClientConnection, openClientConnection } from '#wire/mqtt/client-connection.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import type { InboundPublish, OutboundPublish, OversizePublish, Will } from '#wire/mqtt/packet.ts';
import { dialTcp } from '../host/tcp.ts';
import { localPacketBytesMax } from './limits.ts';

export type { ClientConnection, InboundPublish, OutboundPublish };

export type LocalClientOptions = {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly cleanSession?: boolean;
  readonly will?: Will;
  /** Valid during the call only. */
  readonly onMessage?: (message: InboundPublish) => void;
  /** QoS 1 messages are acknowledged by `session.acknowledge`. */
  readonly acknowledgesLater?: boolean;
  /** What is larger than a local packet may be is read past and told here; without it, it ends the connection. */
  readonly onOversize?: (message: OversizePublish) => void;
  readonly signal?: AbortSignal;
};

const keepAliveSeconds = 60;

/** Connects to the broker of this machine, ours or another. Rejects when nobody listens, or when it refuses. */
export async function openLocalClient(options: LocalClientOptions): Promise<ClientConnection> {
  const {
    clock,
    host,
    port,
    clientId,
    cleanSession = true,
    will,
    signal,
    onMessage = () => {},
    onOversize,
    acknowledgesLater = false,
  } = options;
  const socket = await dialTcp(host, port, signal);
  const onAbort = () => socket.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await openClientConnection(socket, {
      clock,
      limits: { ...defaultMqttLimits, packetBytesMax: localPacketBytesMax },
      connect: { clientId, cleanSession, keepAliveSeconds, ...(will ? { will } : {}) },
      onMessage,
      acknowledgesLater,
      ...(onOversize ? { onOversize } : {}),
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
