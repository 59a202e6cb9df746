import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { AmqpTestClient, errorIn, frameOf, nothing, outcomeOf, rawFrame, uint, yes } from '#test/support/amqp-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { createTestDevice } from '#test/support/test-device.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader, saslHeader } from '#wire/amqp/sasl.ts';

const telemetry = (body: string) => encodeMessage({ data: Buffer.from(body) });

const openFrame = frameOf(performative.open, [encode.string('x'), encode.string('h')]);
const beginFrame = frameOf(performative.begin, [nothing, uint(0), uint(10), uint(10)]);

/** What takes more than one answer; what is malformed by itself stands in test/hostile/amqp-rows.ts. */
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
  const begun = [amqpHeader, openFrame, beginFrame];

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
