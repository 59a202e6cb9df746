import type { TLSSocket } from 'node:tls';
import type { Cancel, Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import type { ConnectFields } from '#wire/mqtt/encode.ts';
import type { InboundPublish, OutboundPublish, Subscription } from '#wire/mqtt/packet.ts';
import { type ClientIdentity, type Network, openTls } from './connection.ts';

/** The server answered CONNECT with a code other than 0. */
export class ConnectRefused extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`The server refused the connection with code ${code}.`);
    this.name = 'ConnectRefused';
    this.code = code;
  }
}

/** An open MQTT connection: a session without I/O, pumped over one TLS socket. */
export type MqttConnection = {
  subscribe(filters: readonly Subscription[], onGranted?: () => void): void;
  /** False when closed or when the window is full. */
  publish(packet: OutboundPublish, onAck?: () => void): boolean;
  disconnect(): void;
  /** Resolves with the reason when the connection has ended, whoever ended it. */
  readonly closed: Promise<string>;
};

const connackMsMax = 30 * secondMs;
const keepAliveCheckMs = secondMs;
const closeMsMax = 2 * secondMs;

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
  const { clock } = options;
  const socket = await openTls(options.network, options);
  const answered = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<string>();
  const session = new MqttClientSession({
    nowMs: () => clock.monotonic(),
    onOutput: () => queueMicrotask(flush),
    onConnack: (code) => answered.resolve(code),
    onMessage: options.onMessage,
    onClose: (reason) => {
      flush();
      socket.end();
      // A server that does not answer the end of the connection must not keep the device from its own.
      clock.after(closeMsMax, () => socket.destroy());
      closed.resolve(String(reason));
      answered.reject(new Error(`The connection ended before it was accepted (${reason}).`));
    },
  });
  function flush(): void {
    for (let output = session.takeOutput(); output; output = session.takeOutput()) {
      if (socket.writable) socket.write(output);
    }
  }
  const cancels = [
    watchKeepAlive(clock, session),
    clock.after(connackMsMax, () => answered.reject(new Error('There was no CONNACK.'))),
  ];
  pump(socket, session, (reason) => {
    for (const cancel of cancels) cancel();
    closed.resolve(reason);
    answered.reject(new Error(`The connection ended before it was accepted (${reason}).`));
  });
  try {
    session.connect(options.connect);
    const code = await answered.promise;
    cancels[1]?.();
    if (code !== 0) throw new ConnectRefused(code);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    subscribe: (filters, onGranted) => session.subscribe(filters, onGranted && (() => onGranted())),
    publish: (packet, onAck) => session.publish(packet, onAck),
    disconnect: () => session.disconnect(),
    closed: closed.promise,
  };
}

function pump(socket: TLSSocket, session: MqttClientSession, onEnd: (reason: string) => void): void {
  let reason = 'closed by the server';
  socket.on('data', (chunk: Buffer) => session.receive(chunk));
  socket.on('end', () => session.endOfInput());
  socket.on('error', (error) => {
    reason = error.message;
  });
  socket.on('close', () => {
    session.endOfInput();
    onEnd(reason);
  });
}

function watchKeepAlive(clock: Clock, session: MqttClientSession): Cancel {
  let cancel: Cancel = () => {};
  const check = () => {
    session.checkKeepAlive(clock.monotonic());
    cancel = clock.after(keepAliveCheckMs, check);
  };
  cancel = clock.after(keepAliveCheckMs, check);
  return () => cancel();
}
