import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { CloseReason } from '#wire/mqtt/server-session.ts';
import { type PumpedSession, type PumpSide, pumpStream } from './stream-pump.ts';

/** A stream whose other end is the test. A blocked one takes no more than its first write. */
class TestStream extends Duplex {
  readonly written: string[] = [];
  isBlocked = false;
  #done: () => void = () => {};

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk.toString());
    if (this.isBlocked) this.#done = done;
    else done();
  }

  /** What it kept is taken now. */
  release(): void {
    this.isBlocked = false;
    this.#done();
  }
}

/** A session that says what it is told to. */
class TestSession implements PumpedSession {
  readonly received: string[] = [];
  readonly reasons: string[] = [];
  output: Buffer | undefined;
  wantsInput = true;
  isClosed = false;
  ends = 0;
  readonly told: string[] = [];
  onChunk: (chunk: string) => void = () => {};
  readonly side: PumpSide;

  constructor(side: PumpSide) {
    this.side = side;
  }

  say(text: string): void {
    this.output = Buffer.concat([this.output ?? Buffer.alloc(0), Buffer.from(text)]);
    this.side.onOutput();
  }

  receive(chunk: Buffer): void {
    this.received.push(chunk.toString());
    this.onChunk(chunk.toString());
  }

  takeOutput(): Buffer | undefined {
    const { output } = this;
    this.output = undefined;
    return output;
  }

  congested(): void {
    this.told.push('congested');
  }

  drained(): void {
    this.told.push('drained');
  }

  endOfInput(): void {
    this.ends++;
  }

  close(reason: CloseReason): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.reasons.push(reason);
    this.side.onClose(reason);
  }
}

function open(backlogBytesMax = 1_000) {
  const stream = new TestStream();
  const bugs: unknown[] = [];
  let session: TestSession | undefined;
  pumpStream(stream, { backlogBytesMax, onBug: (error) => bugs.push(error) }, (side) => {
    session = new TestSession(side);
    return session;
  });
  assert.ok(session);
  return { stream, session, bugs };
}

describe('the pump between a stream and a session', () => {
  test('what is said in one turn leaves in one write, also while receiving', async () => {
    const { stream, session } = open();
    session.say('a');
    session.say('b');
    await turn();
    assert.deepEqual(stream.written, ['ab']);
    session.onChunk = () => {
      session.say('c');
      session.say('d');
    };
    stream.push('x');
    await turn();
    assert.deepEqual([session.received, stream.written], [['x'], ['ab', 'cd']]);
  });

  test('a session that wants no input stops the stream until it does', async () => {
    const { stream, session } = open();
    session.onChunk = () => {
      session.wantsInput = false;
    };
    stream.push('1');
    await turn();
    stream.push('2');
    await turn();
    assert.deepEqual(session.received, ['1']);
    session.onChunk = () => {};
    session.wantsInput = true;
    session.say('go on');
    await turn();
    await turn();
    assert.deepEqual(session.received, ['1', '2']);
  });

  test('a peer that does not read is cut off, not buffered for ever', async () => {
    const { stream, session } = open(1_000);
    stream.isBlocked = true;
    session.say('x'.repeat(900));
    await turn();
    assert.ok(!stream.destroyed);
    session.say('x'.repeat(200));
    await turn();
    assert.ok(stream.destroyed);
    assert.deepEqual(session.reasons, ['connection-lost']);
  });

  test('a session hears whether its stream keeps what it was given, and when that has gone', async () => {
    const { stream, session } = open(1_000_000);
    session.say('small');
    await turn();
    assert.deepEqual(session.told, ['drained']);
    stream.isBlocked = true;
    session.say('x'.repeat(100_000));
    await turn();
    assert.deepEqual(session.told, ['drained', 'congested']);
    stream.release();
    await turn();
    assert.deepEqual(session.told, ['drained', 'congested', 'drained']);
  });

  test('last words leave before the end, and nothing is received after a close', async () => {
    const { stream, session } = open();
    session.onChunk = () => {
      session.output = Buffer.from('farewell');
      session.close('server-stopping');
    };
    stream.push('1');
    await turn();
    stream.push('2');
    await turn();
    assert.deepEqual([stream.written, session.received], [['farewell'], ['1']]);
    assert.ok(stream.writableEnded);
  });

  test('a bug in a session is reported and ends no process', async () => {
    const { stream, session, bugs } = open();
    session.onChunk = () => {
      throw new Error('a bug of ours');
    };
    stream.push('1');
    await turn();
    assert.match(String(bugs[0]), /a bug of ours/);
  });

  test('however the stream ends, the session is told', async () => {
    for (const end of [
      (stream: TestStream) => stream.push(null),
      (stream: TestStream) => stream.destroy(),
      (stream: TestStream) => stream.destroy(new Error('ECONNRESET')),
    ]) {
      const { stream, session } = open();
      end(stream);
      await turn();
      await turn();
      assert.ok(session.ends > 0);
    }
  });
});
