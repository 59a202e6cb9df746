import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketReader, PacketTooLarge } from './packet-reader.ts';
import { clientPackets } from './vectors/client-packets.ts';
import { recordSession } from './vectors/recorded-session.ts';

const stream = Buffer.concat(Object.values(clientPackets).filter((packet) => packet[0] !== 0x10));
const whole = Buffer.concat([clientPackets.connectX509, stream]);

/** The events of a session that gets the stream in these pieces, each in memory that is overwritten afterwards. */
function eventsOf(pieces: readonly Buffer[]): unknown[] {
  const { session, events } = recordSession();
  for (const piece of pieces) {
    const chunk = Buffer.from(piece);
    session.receive(chunk);
    chunk.fill(0xff);
  }
  session.endOfInput();
  return [...events, session.takeOutput()?.toString('hex')];
}

test('a stream means the same wherever it is cut in two', () => {
  const expected = eventsOf([whole]);
  assert.ok(expected.length > 10);
  for (let at = 0; at <= whole.length; at++)
    assert.deepEqual(eventsOf([whole.subarray(0, at), whole.subarray(at)]), expected, `cut at ${at}`);
});

test('a stream means the same in pieces of any size', () => {
  const expected = eventsOf([whole]);
  for (let size = 1; size <= 64; size++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
    assert.deepEqual(eventsOf(pieces), expected, `pieces of ${size}`);
  }
});

test('a stream means the same when two cuts fall close together, inside one header', () => {
  const expected = eventsOf([whole]);
  for (let at = 0; at < whole.length; at++) {
    for (const second of [at + 1, at + 2, at + 3]) {
      assert.deepEqual(eventsOf([whole.subarray(0, at), whole.subarray(at, second), whole.subarray(second)]), expected);
    }
  }
});

test('a packet that lies whole in its chunk is handed on where it lies, one in parts in memory of its own', () => {
  const buffers: Buffer[] = [];
  const reader = new PacketReader((buffer) => buffers.push(buffer) > 0, 1000);
  const chunk = Buffer.concat([clientPackets.publishQos0, clientPackets.publishQos1, clientPackets.pingreq.subarray(0, 1)]);
  reader.feed(chunk);
  assert.deepEqual(
    buffers.map((buffer) => buffer === chunk),
    [true, true],
  );
  assert.equal(reader.isMidPacket, true);
  const rest = clientPackets.pingreq.subarray(1);
  reader.feed(rest);
  assert.equal(reader.isMidPacket, false);
  assert.ok(buffers[2] !== rest && buffers[2]?.[0] === 0xc0);
});

test('a sink that says stop gets nothing more, and the reader tells how far it came', () => {
  for (const cut of [0, 1, 2]) {
    const firsts: number[] = [];
    const reader = new PacketReader((_buffer, first) => firsts.push(first) < 0, 1000);
    const chunk = Buffer.concat([clientPackets.pingreq, clientPackets.disconnect]);
    if (cut > 0) assert.equal(reader.feed(chunk.subarray(0, cut)), cut);
    if (cut < 2) assert.equal(reader.feed(chunk.subarray(cut)), 2 - cut);
    assert.deepEqual(firsts, [0xc0]);
  }
});

test('remaining lengths of one to four bytes are read up to the limit and refused above it', () => {
  for (const [header, length] of [
    ['30 7f', 127],
    ['30 80 01', 128],
    ['30 ff 7f', 16_383],
    ['30 80 80 01', 16_384],
    ['30 ff ff 7f', 2_097_151],
    ['30 80 80 80 01', 2_097_152],
  ] as const) {
    const start = Buffer.from(header.replaceAll(' ', ''), 'hex');
    const lengths: number[] = [];
    const reader = new PacketReader((_buffer, _first, from, to) => lengths.push(to - from) > 0, length);
    reader.feed(Buffer.concat([start, Buffer.alloc(length)]));
    assert.deepEqual(lengths, [length]);
    const strict = new PacketReader(() => true, length - 1);
    assert.throws(() => strict.feed(start), PacketTooLarge);
    const bytewise = new PacketReader(() => true, length - 1);
    assert.throws(() => {
      for (const byte of start) bytewise.feed(Buffer.from([byte]));
    }, PacketTooLarge);
  }
});

test('MQTT-2.2.3: a fifth length byte is malformed however the header is cut', () => {
  const header = Buffer.from('30ffffffff7f', 'hex');
  for (let cut = 0; cut < header.length; cut++) {
    const reader = new PacketReader(() => true, 0xfffffff);
    assert.throws(() => {
      reader.feed(header.subarray(0, cut));
      reader.feed(header.subarray(cut));
    }, /2\.2\.3/);
  }
});
