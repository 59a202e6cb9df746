import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketWriter } from './encode.ts';
import { PacketReader } from './packet-reader.ts';
import { clientPackets } from './vectors/client-packets.ts';
import { serverPackets } from './vectors/server-packets.ts';

test('packets are written byte for byte', () => {
  const written = (write: (writer: PacketWriter) => void): Buffer | undefined => {
    const writer = new PacketWriter();
    write(writer);
    return writer.take();
  };
  for (const [write, expected] of [
    [(writer) => writer.connack(true, 0), serverPackets.connackPresent],
    [(writer) => writer.puback(10), serverPackets.puback],
    [(writer) => writer.unsuback(13), serverPackets.unsuback],
    [(writer) => writer.publish({ topic: 'a/b', payload: 'hi', qos: 1, dup: true }, 10), clientPackets.publishQos1Dup],
    [(writer) => writer.publish({ topic: 'a', payload: '', qos: 0, retain: true }, 0), clientPackets.publishRetained],
    [(writer) => writer.publish({ topic: 'a', payload: 'x'.repeat(200), qos: 1 }, 65_535), clientPackets.publishLong],
    [(writer) => writer.publish({ topic: '\uFEFFä😀', payload: Buffer.alloc(0), qos: 0 }, 0), clientPackets.publishUnicode],
  ] as const satisfies [(writer: PacketWriter) => void, Buffer][]) {
    assert.deepEqual(written(write), expected);
  }
});

test('MQTT-2.2.3: remaining lengths around every boundary are read back', () => {
  for (const length of [3, 127, 128, 129, 255, 256, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const writer = new PacketWriter();
    writer.publish({ topic: 'a', payload: Buffer.alloc(length - 3), qos: 0 }, 0);
    const lengths: number[] = [];
    new PacketReader((_buffer, _first, start, end) => lengths.push(end - start) > 0, length).feed(
      writer.take() ?? Buffer.alloc(0),
    );
    assert.deepEqual(lengths, [length]);
  }
});

test('what was taken is not touched by what is written next', () => {
  const writer = new PacketWriter();
  writer.puback(1);
  const first = writer.take();
  writer.puback(2);
  writer.connack(false, 0);
  assert.equal(first?.toString('hex'), '40020001');
  assert.equal(writer.length, 8);
  assert.equal(writer.take()?.toString('hex'), '4002000220020000');
  assert.equal(writer.take(), undefined);
  assert.equal(writer.length, 0);
});

test('a text longer than its length field can say is a bug, and nothing half-written stays', () => {
  const writer = new PacketWriter();
  assert.throws(() => writer.publish({ topic: 'x'.repeat(65_536), payload: '', qos: 0 }, 0), /65,535/);
  assert.equal(writer.length, 0);
});
