import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import type { ConnectFields } from '#wire/mqtt/encode.ts';
import { packetType } from '#wire/mqtt/packet.ts';
import { PacketReader } from '#wire/mqtt/packet-reader.ts';

export type WireOptions = {
  host?: string;
  port?: number;
  ca?: string;
  identity?: { cert: string; key: string };
  tls?: ConnectionOptions;
  /** What carries MQTT over the socket, such as a WebSocket; without it the socket itself. */
  carry?: (socket: TLSSocket) => Promise<Duplex>;
};

export type WireMessage = { topic: string; body: string; qos: number };

const deadlineMs = 15_000;

/**
 * A device that writes and reads MQTT packets itself over a real TLS socket: for what a statement says of bytes,
 * and for SDKs that npm does not have. Everything that arrives is kept in order.
 */
export async function openWire({ host = '127.0.0.1', port = 8883, ca, identity, tls, carry }: WireOptions) {
  const socket = await openTls({
    host,
    port,
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) ? {} : { servername: host }),
    ...identity,
    ...tls,
  });
  const line: Duplex = carry ? await carry(socket) : socket;
  /** Packets as they arrived, by name. */
  const packets: string[] = [];
  const messages: WireMessage[] = [];
  const closed = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<number>();
  let sessionPresent: boolean | undefined;
  let taken = 0;
  let wake = Promise.withResolvers<void>();
  const names = Object.fromEntries(Object.entries(packetType).map(([name, type]) => [type, name]));
  const reader = new PacketReader((_buffer, first) => {
    packets.push(names[first >> 4] ?? String(first >> 4));
    return true;
  }, 2 ** 28);
  const session: MqttClientSession = new MqttClientSession({
    nowMs: () => performance.now(),
    onOutput: () => queueMicrotask(flush),
    onConnack(code, isPresent) {
      sessionPresent = isPresent;
      answered.resolve(code);
    },
    onMessage({ topic, payload, qos }) {
      messages.push({ topic, body: payload.toString(), qos });
      wake.resolve();
      wake = Promise.withResolvers();
    },
    onClose() {
      flush();
      line.end();
    },
  });
  function flush(): void {
    for (let output = session.takeOutput(); output; output = session.takeOutput()) if (line.writable) line.write(output);
  }
  line.on('data', (chunk: Buffer) => {
    reader.feed(chunk);
    session.receive(chunk);
  });
  // What ends a connection is seen in `closed`.
  line.on('error', () => {});
  line.on('close', () => {
    session.endOfInput();
    closed.resolve();
    answered.reject(new Error('The server closed the connection before CONNACK.'));
    wake.resolve();
  });
  answered.promise.catch(() => {});

  const inTime = <T>(what: string, promise: Promise<T>): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`${what} did not happen; packets so far: ${packets.join(' ')}`)),
      deadlineMs,
    );
    return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
  };

  /** The next message that was not taken yet. */
  async function message(): Promise<WireMessage> {
    return inTime(
      'a message',
      (async () => {
        for (;;) {
          const next = messages[taken];
          if (next) {
            taken += 1;
            return next;
          }
          if (line.destroyed) throw new Error('The connection ended before the message.');
          await wake.promise;
        }
      })(),
    );
  }

  const device = {
    socket,
    packets,
    messages,
    get sessionPresent() {
      return sessionPresent;
    },
    /** Resolves when the server has closed the connection. */
    closed: () => inTime('the end of the connection', closed.promise),
    get isClosed() {
      return socket.destroyed;
    },
    /** CONNECT; resolves with the code of CONNACK. */
    connect(fields: ConnectFields): Promise<number> {
      session.connect(fields);
      return inTime('CONNACK', answered.promise);
    },
    subscribe: (...filters: (string | [string, 0 | 1 | 2])[]) =>
      inTime(
        'SUBACK',
        new Promise<readonly number[]>((resolve) => {
          const asked = filters.map((filter) => (typeof filter === 'string' ? ([filter, 1] as const) : filter));
          session.subscribe(
            asked.map(([filter, qos]) => ({ filter, qos })),
            resolve,
          );
        }),
      ),
    unsubscribe: (...filters: string[]) =>
      inTime('UNSUBACK', new Promise<void>((resolve) => session.unsubscribe(filters, resolve))),
    /** QoS 1; resolves at the PUBACK. */
    send: (topic: string, payload: string | Buffer = '') =>
      inTime('PUBACK', new Promise<void>((resolve) => session.publish({ topic, payload, qos: 1 }, resolve))),
    /** QoS 0. */
    sendOnce: (topic: string, payload: string | Buffer = '') => session.publish({ topic, payload, qos: 0 }),
    message,
    /** Publishes and takes the message that answers. */
    async ask(topic: string, payload: string | Buffer = '', qos: 0 | 1 = 1): Promise<WireMessage> {
      session.publish({ topic, payload, qos });
      return message();
    },
    /** Bytes as they are. */
    write: (bytes: Buffer) => line.write(bytes),
    disconnect: () => session.disconnect(),
    /** The line breaks. */
    cut: () => socket.destroy(),
  };
  return device;
}

export type WireDevice = Awaited<ReturnType<typeof openWire>>;

function openTls(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
