import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { frameOf, nothing, uint, yes } from '#test/support/amqp-client.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { AmqpConnection } from '#wire/amqp/connection.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import type { AmqpDelivery } from '#wire/amqp/handler.ts';
import { defaultAmqpLimits } from '#wire/amqp/limits.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader } from '#wire/amqp/sasl.ts';
import { AmqpViolation } from '#wire/amqp/value.ts';

const no = Buffer.from([0x42]);
const terminus = (code: number, address: string) => encode.described(code, encode.list([encode.string(address)]));

function attach(handle: number, isSender: boolean): Buffer {
  const [source, target] = [terminus(0x28, isSender ? '' : 'there'), terminus(0x29, isSender ? 'there' : '')];
  const fields = [
    encode.string(`l${handle}`),
    uint(handle),
    isSender ? no : yes,
    nothing,
    nothing,
    source,
    target,
    nothing,
    no,
    uint(0),
  ];
  return frameOf(performative.attach, fields);
}

const message = encodeMessage({
  annotations: [['a', encode.string('b')]],
  properties: { messageId: encode.uuid(Buffer.alloc(16, 1)), contentType: encode.symbol('text/plain') },
  application: [['n', encode.int(5)]],
  data: Buffer.from('body'),
});

/** Everything that a device says in a good conversation. */
const conversation = [
  amqpHeader,
  frameOf(performative.open, [encode.string('c'), encode.string('h'), uint(4_096), nothing, uint(60_000)]),
  frameOf(performative.begin, [nothing, uint(0), uint(100), uint(100)]),
  attach(0, true),
  attach(1, false),
  frameOf(performative.flow, [uint(0), uint(100), uint(0), uint(100), uint(1), uint(0), uint(10), nothing, no, yes]),
  frameOf(performative.transfer, [uint(0), uint(0), encode.binary(Buffer.from([1])), uint(0), no, yes], {
    payload: message.subarray(0, 20),
  }),
  frameOf(performative.transfer, [uint(0), nothing, nothing, nothing, no, no], { payload: message.subarray(20) }),
  frameOf(performative.disposition, [yes, uint(0), uint(0), yes, encode.described(0x24, encode.list([]))]),
  frameOf(performative.transfer, [uint(0), uint(1), encode.binary(Buffer.from([2])), uint(0), yes, no], { payload: message }),
  frameOf(performative.detach, [uint(0), yes]),
  attach(0, true),
  frameOf(performative.end, []),
  frameOf(performative.close, []),
];

/** Bytes, a length, a frame twice, a frame less, or two in the other order. */
function damage(frames: readonly Buffer[], random: (below: number) => number): Buffer[] {
  const damaged = frames.map((frame) => Buffer.from(frame));
  for (let count = 1 + random(3); count > 0; count -= 1) {
    const at = 1 + random(damaged.length - 1);
    const frame = damaged[at];
    if (!frame) continue;
    switch (random(6)) {
      case 0:
        damaged.splice(at, 1);
        break;
      case 1:
        damaged.splice(at, 0, frame);
        break;
      case 2:
        damaged.splice(random(damaged.length), 0, ...damaged.splice(at, 1));
        break;
      case 3:
        frame[3] = random(256);
        break;
      default:
        frame[random(frame.length)] = random(4) === 0 ? 0xff : random(256);
    }
  }
  return damaged;
}

test('damaged conversations on AMQP end, or go on; nothing of ours breaks', async (t) => {
  const random = seededRandom('amqp');
  const below = (limit: number) => random.bytes(4).readUInt32BE() % limit;
  const bugs: unknown[] = [];
  let [ended, messages] = [0, 0];
  for (let round = 0; round < 2_000; round += 1) {
    const [client, server] = duplexPair();
    client.on('error', () => {});
    client.resume();
    const connection = new AmqpConnection({
      stream: server,
      limits: defaultAmqpLimits,
      backlogBytesMax: 1_000_000,
      signInMsMax: 30_000,
      containerId: 'test',
      nowMs: () => 0,
      authenticate: () => true,
      onBug: (error) => bugs.push(error),
      onOpen: () => ({
        attach: () => ({ accept: (link) => void (link.isIncoming || link.send(message)) }),
        message(delivery: AmqpDelivery) {
          messages += 1;
          try {
            decodeMessage(delivery.bytes);
            delivery.accept();
          } catch (error) {
            assert.ok(error instanceof AmqpViolation);
            delivery.reject({ condition: 'amqp:decode-error', description: '' });
          }
        },
        outcome: async () => undefined,
        writable() {},
        detached() {},
        ended() {},
      }),
    });
    for (const frame of damage(conversation, below)) {
      client.write(frame);
      if (below(3) === 0) await turn();
    }
    await turn();
    await turn();
    if (connection.isEnded) ended += 1;
    client.destroy();
    server.destroy();
    await turn();
  }
  assert.deepEqual(bugs, []);
  assert.ok(messages > 1_000, `${messages} messages came`);
  t.diagnostic(`${ended} of 2000 connections were ended, ${messages} messages came`);
});
