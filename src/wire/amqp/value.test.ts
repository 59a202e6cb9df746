import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as encode from './encode.ts';
import { AmqpUuid, AmqpViolation, Described, ValueReader } from './value.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (bytes: Buffer) => new ValueReader(bytes).read();

describe('AMQP values', () => {
  test('every primitive type is read in every width', () => {
    for (const [bytes, value] of [
      ['40', null],
      ['41', true],
      ['42', false],
      ['56 01', true],
      ['43', 0],
      ['44', 0],
      ['50 ff', 255],
      ['51 ff', -1],
      ['52 07', 7],
      ['53 70', 0x70],
      ['54 80', -128],
      ['55 fe', -2],
      ['60 ff ff', 65_535],
      ['61 ff ff', -1],
      ['70 ff ff ff ff', 4_294_967_295],
      ['71 ff ff ff ff', -1],
      ['80 00 1f ff ff ff ff ff ff', Number.MAX_SAFE_INTEGER],
      ['80 ff ff ff ff ff ff ff ff', 2n ** 64n - 1n],
      ['81 ff ff ff ff ff ff ff ff', -1],
      ['72 3f 80 00 00', 1],
      ['82 3f f0 00 00 00 00 00 00', 1],
      ['73 00 01 f6 00', '😀'],
      ['a1 02 68 69', 'hi'],
      ['b1 00 00 00 02 68 69', 'hi'],
      ['a3 01 73', 's'],
      ['b3 00 00 00 01 73', 's'],
      ['a0 02 01 02', hex('0102')],
      ['b0 00 00 00 01 09', hex('09')],
      ['83 00 00 00 00 00 00 03 e8', new Date(1_000)],
      ['45', []],
      ['c0 03 02 43 41', [0, true]],
      ['d0 00 00 00 05 00 00 00 01 40', [null]],
      ['c1 04 02 a3 00 43', new Map([['', 0]])],
      ['e0 04 02 52 01 02', [1, 2]],
      ['f0 00 00 00 06 00 00 00 01 52 09', [9]],
    ] as const) {
      assert.deepEqual(read(hex(bytes)), value, bytes);
    }
    const uuid = read(Buffer.concat([hex('98'), hex('00112233445566778899aabbccddeeff')]));
    assert.ok(uuid instanceof AmqpUuid);
    assert.equal(String(uuid), '00112233-4455-6677-8899-aabbccddeeff');
    assert.deepEqual(read(hex('00 53 24 45')), new Described(0x24, []));
  });

  test('what is written is read again', () => {
    const pairs = [
      [encode.symbol('a'), encode.int(-5)],
      [encode.string('b'.repeat(300)), encode.long(-(2 ** 40))],
      [encode.symbol('t'), encode.timestamp(1_700_000_000_000)],
    ] as const;
    const value = read(
      encode.described(0x28, encode.list([encode.map(pairs), encode.ulong(2 ** 40), encode.binary(Buffer.alloc(300))])),
    );
    const map = new Map<string, unknown>([
      ['a', -5],
      ['b'.repeat(300), -(2 ** 40)],
      ['t', new Date(1_700_000_000_000)],
    ]);
    assert.deepEqual(value, new Described(0x28, [map, 2 ** 40, Buffer.alloc(300)] as never));
  });

  test('what is damaged, too deep or without end is refused and costs little', () => {
    const deep = Array.from({ length: 50 }).reduce<Buffer>((inner) => encode.list([inner]), encode.list([]));
    for (const [what, bytes] of [
      ['nothing', ''],
      ['an unknown type', '99'],
      ['a text that is cut off', 'a1 05 68'],
      ['a text that is no UTF-8', 'a1 01 ff'],
      ['a list that says less than it has', 'c0 01 02 43'],
      ['a list that says more than it has', 'd0 00 00 00 05 ff ff ff ff 40'],
      ['a map with half a pair', 'c1 02 01 43'],
      ['an array of elements without bytes', 'f0 00 00 00 05 ff ff ff ff 43'],
      ['an array of described values', 'e0 06 01 00 53 24 45 00'],
      ['a time beyond all', '83 7f ff ff ff ff ff ff ff'],
      ['a character beyond all', '73 00 11 00 00'],
      ['a descriptor that is a list', '00 45 40'],
      ['depth', deep.toString('hex')],
      ['parts', encode.list(Array.from({ length: 10_001 }, () => encode.nullValue)).toString('hex')],
    ] as const) {
      assert.throws(() => read(hex(bytes)), AmqpViolation, what);
    }
  });
});
