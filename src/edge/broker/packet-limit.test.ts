import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketWriter } from '#wire/mqtt/encode.ts';
import { PacketLimit } from './packet-limit.ts';

test('packets within the limit pass in pieces of any size, and the first larger one does not', () => {
  const writer = new PacketWriter();
  for (const length of [0, 1, 100, 120, 121, 500, 992])
    writer.publish({ topic: 't', payload: Buffer.alloc(length, 0xff), qos: 1 }, 7);
  const bytes = writer.take() ?? Buffer.alloc(0);
  for (const piece of [1, 2, 3, 7, 130, bytes.length]) {
    const limit = new PacketLimit(1_000);
    for (let at = 0; at < bytes.length; at += piece) assert.ok(limit.accepts(bytes.subarray(at, at + piece)), `${piece}`);
    writer.publish({ topic: 't', payload: Buffer.alloc(1_000), qos: 1 }, 8);
    assert.equal(limit.accepts((writer.take() ?? bytes).subarray(0, 3)), false);
  }
  assert.equal(
    new PacketLimit(1_000).accepts(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])),
    false,
    'a length of five bytes',
  );
});
