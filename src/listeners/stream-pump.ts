import type { Duplex } from 'node:stream';
import type { CloseReason, MqttServerSession } from '#wire/mqtt/server-session.ts';

export type PumpedSession = Pick<
  MqttServerSession,
  'receive' | 'takeOutput' | 'congested' | 'drained' | 'endOfInput' | 'close' | 'wantsInput' | 'isClosed'
>;

/** The two callbacks that the session's constructor wants; see MqttServerSessionOptions. */
export type PumpSide = { onOutput(): void; onClose(reason: CloseReason): void };

/**
 * Joins a stream to a session that does no I/O. Output of one turn leaves in one write, so the
 * acknowledgements of a batch cost one TLS record. Back-pressure goes both ways: a session that wants
 * no input stops the stream, and a peer that does not read is cut off at `backlogBytesMax`.
 */
export function pumpStream(
  stream: Duplex,
  { backlogBytesMax, onBug }: { backlogBytesMax: number; onBug(error: unknown): void },
  open: (side: PumpSide) => PumpedSession,
): PumpedSession {
  let isFlushScheduled = false;
  let isReceiving = false;

  const flush = () => {
    isFlushScheduled = false;
    const output = session.takeOutput();
    if (output && !stream.destroyed) {
      if (stream.write(output)) session.drained();
      else session.congested();
    }
    if (stream.writableLength > backlogBytesMax) {
      session.close('connection-lost');
      stream.destroy();
    }
    if (session.wantsInput && stream.isPaused()) stream.resume();
  };

  const session = open({
    onOutput() {
      if (isFlushScheduled || isReceiving) return;
      isFlushScheduled = true;
      queueMicrotask(flush);
    },
    onClose() {
      const output = session.takeOutput();
      if (stream.destroyed) return;
      if (output) stream.write(output);
      stream.end();
      stream.resume();
    },
  });

  stream.on('data', (chunk: Buffer) => {
    if (session.isClosed) return;
    isReceiving = true;
    try {
      session.receive(chunk);
    } catch (error) {
      // A bug of ours ends this connection, which the session has closed; the process goes on.
      onBug(error);
    } finally {
      isReceiving = false;
    }
    flush();
    // After the end it must go on reading, or it would not see the other side's end and never close.
    if (!session.wantsInput && !session.isClosed) stream.pause();
  });
  stream.on('drain', () => session.drained());
  stream.on('end', () => session.endOfInput());
  stream.on('error', () => session.endOfInput());
  stream.on('close', () => session.endOfInput());
  return session;
}
