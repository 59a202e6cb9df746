import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { MqttClientSession, type MqttClientSessionOptions } from './client-session.ts';
import type { ConnectFields } from './encode.ts';

/** The server answered CONNECT with a code other than 0. */
export class ConnectRefused extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`The server refused the connection with code ${code}.`);
    this.name = 'ConnectRefused';
    this.code = code;
  }
}

/** An MQTT connection that was accepted: a session without I/O, pumped over one stream. */
export type ClientConnection = {
  readonly session: MqttClientSession;
  readonly isSessionPresent: boolean;
  /** Resolves with the reason when the stream has closed, whoever ended it. */
  readonly closed: Promise<string>;
};

export type ClientConnectionOptions = Pick<
  MqttClientSessionOptions,
  'limits' | 'onMessage' | 'onOversize' | 'acknowledgesLater' | 'packetIds'
> & {
  readonly clock: Clock;
  readonly connect: ConnectFields;
};

const connackMsMax = 30 * secondMs;
const keepAliveCheckMs = secondMs;
const closeMsMax = 2 * secondMs;

/** Sends CONNECT over an open `stream` and waits for the answer. `onMessage` may be called before this resolves. */
export async function openClientConnection(stream: Duplex, options: ClientConnectionOptions): Promise<ClientConnection> {
  const { clock, connect, ...sessionOptions } = options;
  const answered = Promise.withResolvers<{ code: number; isSessionPresent: boolean }>();
  const closed = Promise.withResolvers<string>();
  const session = new MqttClientSession({
    ...sessionOptions,
    nowMs: () => clock.monotonic(),
    onOutput: () => queueMicrotask(flush),
    onConnack: (code, isSessionPresent) => answered.resolve({ code, isSessionPresent }),
    onClose: (reason) => {
      flush();
      stream.end();
      // A server that does not answer the end of the connection must not keep the client from its own.
      clock.after(closeMsMax, () => stream.destroy());
      closed.resolve(String(reason));
      answered.reject(new Error(`The connection ended before it was accepted (${reason}).`));
    },
  });
  function flush(): void {
    for (let output = session.takeOutput(); output; output = session.takeOutput()) {
      if (stream.writable) stream.write(output);
    }
  }
  const cancels = [
    watchKeepAlive(clock, session),
    clock.after(connackMsMax, () => answered.reject(new Error('There was no CONNACK.'))),
  ];
  pump(stream, session, (reason) => {
    for (const cancel of cancels) cancel();
    closed.resolve(reason);
    answered.reject(new Error(`The connection ended before it was accepted (${reason}).`));
  });
  try {
    session.connect(connect);
    const { code, isSessionPresent } = await answered.promise;
    cancels[1]?.();
    if (code !== 0) throw new ConnectRefused(code);
    return { session, isSessionPresent, closed: closed.promise };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function pump(stream: Duplex, session: MqttClientSession, onEnd: (reason: string) => void): void {
  let reason = 'closed by the server';
  stream.on('data', (chunk: Buffer) => session.receive(chunk));
  stream.on('end', () => session.endOfInput());
  stream.on('error', (error) => {
    reason = error.message;
  });
  stream.on('close', () => {
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
