import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { AmqpTestClient, errorIn, frameOf, nothing, outcomeOf, uint, yes } from '#test/support/amqp-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { createTestDevice } from '#test/support/test-device.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader, saslHeader } from '#wire/amqp/sasl.ts';

const telemetry = (body: string) => encodeMessage({ data: Buffer.from(body) });

/** A frame whose body is these bytes. */
function rawFrame(body: Buffer, { size = body.length + 8, offset = 2, type = 0 } = {}): Buffer {
  const head = Buffer.from([0, 0, 0, 0, offset, type, 0, 0]);
  head.writeUInt32BE(size);
  return Buffer.concat([head, body]);
}

const openFrame = frameOf(performative.open, [encode.string('x'), encode.string('h')]);
const beginFrame = frameOf(performative.begin, [nothing, uint(0), uint(10), uint(10)]);
/** An AMQP array with four thousand million elements without bytes. */
const hollowArray = Buffer.from([0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40]);
const deepList = (depth: number): Buffer => (depth === 0 ? encode.list([]) : encode.list([deepList(depth - 1)]));

describe('strangers at the port of AMQP', () => {
  let home: RunningHomeport;
  let steady: AmqpTestClient;
  let deliveryId = 0;
  const sockets: TLSSocket[] = [];
  const identities = new Map<string, { cert: string; key: string }>();

  before(async () => {
    home = await startHomeport();
    for (const name of ['steady-1', 'odd-1']) {
      const identity = await createTestDevice(home, name);
      identities.set(name, { cert: identity.pem, key: exportPrivateKeyPem(identity.privateKey) });
    }
    steady = await dial('steady-1');
    steady.open({ hostName: home.status.hub.hostName });
    steady.attach({ handle: 0, address: '/devices/steady-1/messages/events', isSender: true });
    await steady.next(performative.flow);
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await home?.close();
  });

  /** With the certificate of a device, or with none. */
  async function dial(device?: string): Promise<AmqpTestClient> {
    const socket = connect({
      host: home.address,
      port: home.status.hub.amqpPort,
      ca: home.ca,
      servername: 'localhost',
      checkServerIdentity: () => undefined,
      ...(device && identities.get(device)),
    });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new AmqpTestClient(socket);
  }

  /** The same process serves the device that was connected all along. */
  async function untouched(): Promise<void> {
    steady.transfer({ handle: 0, deliveryId: deliveryId % 256, payload: telemetry(`still ${deliveryId}`) });
    deliveryId += 1;
    assert.equal(outcomeOf(await steady.next(performative.disposition)), 0x24);
    assert.doesNotMatch(home.log(), /"event":"(connection\.broke|rejection)/);
  }

  const framing = 'amqp:connection:framing-error';
  const decode = 'amqp:decode-error';
  const notAllowed = 'amqp:not-allowed';
  const before1 = [amqpHeader];
  const begun = [amqpHeader, openFrame, beginFrame];

  const closing: readonly (readonly [what: string, bytes: readonly Buffer[], condition: string])[] = [
    ['a frame of no bytes', [...before1, rawFrame(Buffer.alloc(0), { size: 0 })], framing],
    ['a frame of four gigabytes', [...before1, rawFrame(Buffer.alloc(0), { size: 0xffffffff })], framing],
    ['a frame larger than was offered', [...before1, rawFrame(Buffer.alloc(0), { size: 65_537 })], framing],
    ['a data offset of one', [...before1, rawFrame(Buffer.from([0x40]), { offset: 1 })], framing],
    ['a data offset beyond the frame', [...before1, rawFrame(Buffer.from([0x40]), { offset: 200 })], framing],
    ['an unknown type of frame', [...before1, rawFrame(Buffer.from([0x40]), { type: 7 })], framing],
    ['noise in a frame', [...before1, rawFrame(Buffer.from('f00dcafe00ff', 'hex'))], decode],
    ['a SASL frame without SASL', [...before1, frameOf(0x41, [encode.symbol('PLAIN')], { type: 1 })], framing],
    ['an unknown performative', [...before1, openFrame, frameOf(0x60, [])], notAllowed],
    [
      'an array of nothing four thousand million times',
      [...before1, rawFrame(Buffer.concat([Buffer.from([0, 0x53, 0x10]), hollowArray]))],
      decode,
    ],
    ['lists within lists', [...before1, rawFrame(Buffer.concat([Buffer.from([0, 0x53, 0x10]), deepList(500)]))], decode],
    ['a list that is cut off', [...before1, rawFrame(Buffer.from([0, 0x53, 0x10, 0xd0, 0, 0, 1, 0, 0, 0, 0, 9]))], decode],
    ['begin before open', [...before1, beginFrame], notAllowed],
    ['an open without a name', [...before1, frameOf(performative.open, [])], decode],
    [
      'an idle time-out of one millisecond',
      [...before1, frameOf(performative.open, [encode.string('x'), nothing, nothing, nothing, uint(1)])],
      notAllowed,
    ],
    ['open twice', [...before1, openFrame, openFrame], notAllowed],
    ['begin twice on a channel', [...begun, beginFrame], notAllowed],
    [
      'a channel above the highest',
      [...before1, openFrame, frameOf(performative.begin, [nothing, uint(0), uint(1), uint(1)], { channel: 60_000 })],
      framing,
    ],
    [
      'attach without a session',
      [...before1, openFrame, frameOf(performative.attach, [encode.string('a'), uint(0), yes])],
      notAllowed,
    ],
    ['attach without a name', [...begun, frameOf(performative.attach, [nothing, uint(0), yes])], 'amqp:invalid-field'],
    [
      'a link called __proto__',
      [...begun, frameOf(performative.attach, [encode.string('__proto__'), uint(0), yes])],
      'amqp:invalid-field',
    ],
    [
      'a handle above the highest',
      [...begun, frameOf(performative.attach, [encode.string('a'), uint(4_000_000_000), yes])],
      'amqp:resource-limit-exceeded',
    ],
    [
      'a transaction coordinator',
      [
        ...begun,
        frameOf(performative.attach, [
          encode.string('a'),
          uint(0),
          Buffer.from([0x42]),
          nothing,
          nothing,
          nothing,
          encode.described(0x30, encode.list([])),
        ]),
      ],
      'amqp:not-implemented',
    ],
    [
      'a message on no link',
      [
        ...begun,
        frameOf(performative.transfer, [uint(3), uint(0), encode.binary(Buffer.from([1]))], { payload: telemetry('x') }),
      ],
      'amqp:session:unattached-handle',
    ],
    [
      'a flow for no link',
      [...begun, frameOf(performative.flow, [uint(0), uint(1), uint(0), uint(1), uint(9), uint(0), uint(1)])],
      'amqp:session:unattached-handle',
    ],
    [
      'a disposition of four thousand million deliveries',
      [
        ...begun,
        frameOf(performative.disposition, [yes, uint(0), uint(0xffffffff), yes, encode.described(0x24, encode.list([]))]),
      ],
      notAllowed,
    ],
    [
      'an outcome that is none',
      [...begun, frameOf(performative.disposition, [yes, uint(0), uint(0), yes, encode.described(0x34, encode.list([]))])],
      'amqp:not-implemented',
    ],
    ['detach of no link', [...begun, frameOf(performative.detach, [uint(1), yes])], 'amqp:session:unattached-handle'],
    ['end of no session', [...before1, openFrame, frameOf(performative.end, [])], notAllowed],
  ];

  for (const [what, bytes, condition] of closing) {
    test(`${what} is answered with close and ${condition}`, async () => {
      const client = await dial();
      client.write(Buffer.concat(bytes));
      assert.equal((await client.error(performative.close)).condition, condition);
      await client.end();
      await untouched();
    });
  }

  test('what is no AMQP is answered with the header of AMQP 1.0, and the connection ends', async () => {
    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'AMQP\x00\x00\x09\x01', 'AMQP\x02\x01\x00\x00', '\x00'.repeat(64)]) {
      const client = await dial();
      client.write(Buffer.from(text, 'latin1'));
      await client.end();
      assert.deepEqual(client.headers, [amqpHeader]);
    }
    await untouched();
  });

  test('in SASL, a frame that is not sasl-init ends the connection, and nothing runs ahead of the outcome', async () => {
    for (const bytes of [openFrame, frameOf(0x43, [encode.binary(Buffer.alloc(4))], { type: 1 }), Buffer.alloc(64)]) {
      const client = await dial();
      client.write(Buffer.concat([saslHeader, bytes]));
      await client.end();
      assert.ok(!client.frames.some(({ code }) => code === performative.open));
    }
    // All at once, as some clients do: the header waits for its turn.
    const hasty = await dial();
    const init = frameOf(0x41, [encode.symbol('ANONYMOUS')], { type: 1 });
    hasty.write(Buffer.concat([saslHeader, init, amqpHeader, openFrame]));
    assert.equal((await hasty.next(0x44)).fields[0], 0);
    hasty.stream.destroy();
    await untouched();
  });

  test('links before anybody is signed in are refused one by one, and the hundredth ends the connection', async () => {
    const client = await dial();
    client.open();
    for (let handle = 0; handle < 99; handle += 1) {
      client.attach({ handle, address: `/devices/steady-1/messages/events`, isSender: true });
      assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
    }
    client.attach({ handle: 99, address: '/devices/steady-1/messages/events', isSender: true });
    assert.equal((await client.error(performative.close)).condition, 'amqp:resource-limit-exceeded');
    await untouched();
  });

  test('more links than a session has end the connection of a device', async () => {
    const client = await dial('odd-1');
    client.open();
    for (let handle = 0; handle < 128; handle += 1) {
      client.attach({ handle, address: '/devices/odd-1/messages/events', isSender: true });
      await client.next(performative.flow);
    }
    client.attach({ handle: 128, address: '$cbs', isSender: true });
    assert.equal((await client.error(performative.close)).condition, 'amqp:resource-limit-exceeded');
    await untouched();
  });

  test('sessions without end stop at the highest channel', async () => {
    const client = await dial();
    client.open();
    const begins = Array.from({ length: 1_030 }, (_, i) =>
      frameOf(performative.begin, [nothing, uint(0), uint(1), uint(1)], { channel: i + 1 }),
    );
    client.write(Buffer.concat(begins));
    assert.equal((await client.error(performative.close)).condition, framing);
    await untouched();
  });

  test('a device that sends without credit, or a message without end, is stopped, and its others are not', async () => {
    const greedy = await dial('odd-1');
    greedy.open();
    greedy.attach({ handle: 0, address: '/devices/odd-1/messages/events', isSender: true });
    await greedy.next(performative.flow);
    const flood = Array.from({ length: 150 }, (_, i) =>
      frameOf(performative.transfer, [uint(0), uint(i), encode.binary(Buffer.from([i])), uint(0), Buffer.from([0x42])], {
        payload: telemetry('x'),
      }),
    );
    greedy.write(Buffer.concat(flood));
    assert.equal((await greedy.error(performative.close)).condition, 'amqp:link:transfer-limit-exceeded');
    const endless = await dial('odd-1');
    endless.open();
    endless.attach({ handle: 0, address: '/devices/odd-1/messages/events', isSender: true });
    await endless.next(performative.flow);
    for (let i = 0; i < 20; i += 1) endless.transfer({ handle: 0, deliveryId: 0, payload: Buffer.alloc(60_000), isMore: true });
    assert.equal((await endless.error(performative.detach)).condition, 'amqp:link:message-size-exceeded');
    endless.transfer({ handle: 0, deliveryId: 0, payload: Buffer.alloc(10) });
    endless.send(performative.detach, [uint(0), yes]);
    endless.attach({ handle: 1, name: 'next', address: '/devices/odd-1/messages/events', isSender: true });
    await endless.next(performative.flow);
    endless.transfer({ handle: 1, deliveryId: 1, payload: telemetry('whole') });
    assert.equal(outcomeOf(await endless.next(performative.disposition, ({ fields }) => fields[1] === 1)), 0x24);
    endless.stream.destroy();
    await untouched();
  });

  test('an idle time-out of seven weeks makes no flood of empty frames', async () => {
    const client = await dial('odd-1');
    client.open({ idleMs: 0xffffffff });
    client.attach({ handle: 0, address: '/devices/odd-1/messages/events', isSender: true });
    await client.next(performative.flow);
    for (let i = 0; i < 20; i += 1) {
      client.transfer({ handle: 0, deliveryId: i, payload: telemetry('x') });
      await client.next(performative.disposition);
    }
    assert.equal(client.frames.filter(({ code }) => code === undefined).length, 0);
    client.stream.destroy();
    await untouched();
  });

  test('a stream of random bytes behind a good beginning breaks nothing', async () => {
    let seed = 12_345;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed & 255;
    };
    for (let i = 0; i < 40; i += 1) {
      const body = Buffer.from(Array.from({ length: 40 }, random));
      const client = await dial();
      client.write(
        Buffer.concat([
          ...begun,
          rawFrame(Buffer.concat([Buffer.from([0, 0x53, 0x10 + (i % 9), 0xc0, 37, 1 + (i % 12)]), body])),
        ]),
      );
      const close = await client.next(performative.close);
      assert.match(String(errorIn(close).condition), /^amqp:/);
    }
    await untouched();
  });
});
