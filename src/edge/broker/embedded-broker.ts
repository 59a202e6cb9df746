import { Aedes, type Client, type PublishPacket } from 'aedes';
import mqttPacket from 'mqtt-packet';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { listen, stopListening } from '#listeners/listen.ts';
import { fileErrorCode } from '../host/file-problem.ts';
import { serveTcp, type TcpSocket } from '../host/tcp.ts';
import { boundSessions, type SessionStore } from './bound-sessions.ts';
import { localConnectionsMax, localPacketBytesMax, localQueueMax, localSessionsMax, topicBytesMax } from './limits.ts';
import type { LocalMessage } from './local-message.ts';
import { matchEmptyLevels, type SubscriptionStore } from './match-empty-levels.ts';
import { PacketLimit } from './packet-limit.ts';

export type EmbeddedBrokerOptions = {
  readonly address: string;
  readonly port: number;
  /**
   * Sees every message that a client publishes, before it is acknowledged and before anybody gets it. A promise holds
   * both back until it resolves; when it rejects, the client's connection ends and it may send again.
   */
  readonly intercept: (message: LocalMessage) => Promise<void> | undefined;
};

export type EmbeddedBroker = {
  readonly port: number;
  /** Resolves when all connected clients that want it have been written to. */
  publish(message: LocalMessage): Promise<void>;
  close(): Promise<void>;
};

/**
 * The MQTT broker inside `tedge`. Retained messages and the queues of clients that are away are in memory and end with
 * the process; what goes to the hub is the outbox's, through `intercept`.
 */
export async function openEmbeddedBroker(platform: Platform, options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  // The library keeps a buffer for each of 65,536 numbers otherwise: 7 MB, for a packet id now and then.
  mqttPacket.writeToStream.cacheNumbers = false;
  const sessions = new Set<string>();
  const broker = await Aedes.createBroker({
    // A client may send its first messages behind CONNECT without waiting.
    queueLimit: localQueueMax,
    authorizeSubscribe(client, subscription, done) {
      if (!client.clean && !sessions.has(client.id)) {
        if (sessions.size >= localSessionsMax) {
          platform.log.warn('broker.session-refused', { clientId: client.id, sessionsMax: localSessionsMax });
          return done(null, null);
        }
        sessions.add(client.id);
      }
      done(null, subscription);
    },
    authorizePublish: (client, packet, done) => authorizePublish(options, client, packet, done),
  });
  let dropped = 0;
  const store: SessionStore & SubscriptionStore = Reflect.get(broker, 'persistence');
  matchEmptyLevels(store);
  boundSessions(store, localQueueMax, (clientId) => {
    if (dropped++ === 0) platform.log.warn('broker.queue-full', { clientId, messagesMax: localQueueMax });
  });
  for (const event of ['clientError', 'connectionError'] as const) {
    broker.on(event, (client: Client, error: Error) => {
      platform.log.debug('broker.client-failed', { clientId: client.id, error: error.message });
    });
  }
  broker.on('client', (client) => {
    if (client.clean) sessions.delete(client.id);
  });
  const sockets = new Set<TcpSocket>();
  const server = serveTcp((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const limit = new PacketLimit(localPacketBytesMax);
    // The library reads by `read`; what it gets from there is looked at first.
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => {
      const chunk = read(size);
      if (!(chunk instanceof Buffer) || limit.accepts(chunk)) return chunk;
      platform.log.warn('broker.packet-too-large', { bytesMax: localPacketBytesMax });
      socket.destroy();
      return null;
    };
    broker.handle(socket);
  });
  server.maxConnections = localConnectionsMax;
  const port = await listen(server, options.address, options.port).catch(async (error: unknown) => {
    // The library's timers would keep the process alive for nothing.
    await new Promise<void>((resolve) => broker.close(resolve));
    throw listenProblem(error, options);
  });
  return {
    port,
    publish: ({ topic, payload, qos, retain }) =>
      new Promise((resolve, reject) => {
        const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain, dup: false };
        broker.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      const stopped = stopListening(server);
      await new Promise<void>((resolve) => broker.close(resolve));
      for (const socket of sockets) socket.destroy();
      await stopped;
    },
  };
}

function listenProblem(error: unknown, { address, port }: EmbeddedBrokerOptions): unknown {
  switch (fileErrorCode(error)) {
    case 'EADDRINUSE':
      return new Problem(
        'conflict',
        `Somebody else listens on ${address}:${port}.\nStop it, or run 'tedge config set mqtt.bind.port PORT'.`,
      );
    case 'EADDRNOTAVAIL':
      return new Problem(
        'argument-invalid',
        `This machine has no address ${address}.\nRun 'tedge config set mqtt.bind.address ADDRESS'.`,
      );
    case 'EACCES':
      return new Problem('forbidden', `Port ${port} is root's.\nRun 'tedge config set mqtt.bind.port PORT'.`);
    default:
      return error;
  }
}

function authorizePublish(
  { intercept }: EmbeddedBrokerOptions,
  client: Client | null,
  packet: PublishPacket,
  done: (error?: Error | null) => void,
): void {
  const { topic, payload, qos, retain } = packet;
  // The library's own messages have no client, and $SYS is its own.
  if (client !== null && topic.startsWith('$SYS/')) {
    done(new Error('$SYS/ is not published to'));
    return;
  }
  if (Buffer.byteLength(topic) > topicBytesMax) {
    done(new Error('The topic is no UTF-8.'));
    return;
  }
  try {
    const held = client && intercept({ topic, payload: Buffer.from(payload), qos: qos === 0 ? 0 : 1, retain });
    if (held) held.then(() => done(null), done);
    else done(null);
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}
