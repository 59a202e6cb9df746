import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { parseDpsRequestTopic, parseDpsResponseTopic } from '#wire/azure/dps-topics.ts';
import { parseDeviceTopic, parseHubTopic } from '#wire/azure/hub-topics.ts';
import { decodeDeviceBag } from '#wire/azure/message-properties.ts';
import { parseMqttUserName } from '#wire/azure/user-name.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import { clientPackets } from '#wire/mqtt/vectors/client-packets.ts';
import { type RecordOptions, recordSession } from '#wire/mqtt/vectors/recorded-session.ts';
import { serverPackets } from '#wire/mqtt/vectors/server-packets.ts';

const rounds = 1_500;
const random = seededRandom('mqtt');
const below = (limit: number): number => Math.floor(random.fraction() * limit);

/** A stream of good packets in which some bytes are replaced, removed, doubled or cut off. */
function damaged(packets: readonly Buffer[]): Buffer {
  const picked = Array.from({ length: 1 + below(6) }, () => packets[below(packets.length)] ?? Buffer.alloc(0));
  const stream = Buffer.concat(picked);
  for (let hits = below(4); hits > 0; hits--) stream[below(stream.length)] = below(256);
  const at = below(stream.length);
  switch (below(4)) {
    case 0:
      return stream.subarray(0, at);
    case 1:
      return Buffer.concat([stream.subarray(0, at), stream.subarray(at + 1)]);
    case 2:
      return Buffer.concat([stream.subarray(0, at), stream.subarray(Math.max(0, at - 5))]);
    default:
      return stream;
  }
}

function pieces(stream: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const size = 1 + below(40);
    parts.push(stream.subarray(at, at + size));
    at += size;
  }
  return parts;
}

/** What a server session makes of a stream, and that it never breaks its own rules on the way. */
function serve(parts: readonly Buffer[], options: RecordOptions = {}) {
  const { session, events } = recordSession({
    ...options,
    react: (event, session) => {
      if (event.kind === 'publish' || event.kind === 'oversize') {
        const { qos, packetId } = event.publish;
        if (qos !== 0) session.acknowledge(packetId, qos);
      }
      if (event.kind === 'received') session.release(event.packetId);
      if (event.kind === 'released') session.complete(event.packetId);
      if (event.kind === 'subscribe') {
        session.grant(
          event.packetId,
          event.filters.map(() => 0),
        );
      }
      if (event.kind === 'unsubscribe') session.unsubscribed(event.packetId);
    },
  });
  for (const part of parts) session.receive(Buffer.from(part));
  session.endOfInput();
  const kinds = events.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'close').length, 1);
  assert.equal(kinds.at(-1), 'close');
  assert.equal(kinds.filter((kind) => kind === 'ended').length, kinds.filter((kind) => kind === 'connect').length);
  assert.ok(kinds.indexOf('connect') <= 0);
  return { events, detail: session.closeDetail, output: session.takeOutput()?.toString('hex') };
}

describe('hostile bytes', () => {
  test('random bytes never get a server session to throw, or to close twice', () => {
    for (let round = 0; round < rounds; round++) {
      const noise = random.bytes(1 + below(120));
      serve([noise]);
      serve([clientPackets.connectX509, noise]);
    }
  });

  test('damaged packets mean the same whole and in pieces', () => {
    const packets = Object.values(clientPackets);
    for (let round = 0; round < rounds; round++) {
      const stream = Buffer.concat([clientPackets.connectX509, damaged(packets)]);
      assert.deepEqual(serve(pieces(stream)), serve([stream]));
    }
  });

  test('nor does what a broker takes beyond that: QoS 2, and messages that are read past', () => {
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    const large = Buffer.concat([hex('34c8010001740007'), Buffer.alloc(195, 'x')]);
    const medium = Buffer.concat([hex('32500001740008'), Buffer.alloc(75, 'y')]);
    const more = [hex('3406000174000578'), hex('50020005'), hex('62020005'), hex('70020005'), large, medium];
    const packets = [...Object.values(clientPackets), ...more];
    const limits = { ...defaultMqttLimits, payloadBytesMax: 60, packetBytesMax: 120 };
    const options = { limits, accept: { speaksQos2: true, dropsOversize: true } };
    let dropped = 0;
    for (let round = 0; round < rounds; round++) {
      const stream = Buffer.concat([clientPackets.connectX509, damaged(packets)]);
      const whole = serve([stream], options);
      assert.deepEqual(serve(pieces(stream), options), whole);
      dropped += whole.events.filter(({ kind }) => kind === 'oversize').length;
    }
    assert.ok(dropped > 100, `${dropped} messages were read past`);
  });

  test('damaged packets never get a client session to throw', () => {
    const packets = Object.values(serverPackets);
    for (let round = 0; round < rounds; round++) {
      let closes = 0;
      const session = new MqttClientSession({
        nowMs: () => 0,
        onOutput() {},
        onConnack() {},
        onMessage: ({ payload }) => assert.ok(payload.length >= 0),
        onClose: () => closes++,
      });
      session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
      for (const part of pieces(Buffer.concat([serverPackets.connack, damaged(packets)]))) session.receive(part);
      session.endOfInput();
      assert.equal(closes, 1);
    }
  });

  test('random text never gets the grammars on top to throw', () => {
    const words = [
      'devices/',
      'd',
      '/messages/events/',
      '$iothub/',
      'twin/',
      'methods/res/',
      '200/',
      '?$rid=',
      '&',
      '=',
      '%',
      '%24.',
      '%C3',
      '%A4',
    ];
    words.push(
      '$dps/registrations/',
      'res/',
      'registrations',
      '/',
      '?',
      'api-version=',
      '2021',
      '$version=',
      'mid',
      '\uD800',
      '%E2%82',
      '+',
      '-1/',
    );
    for (let round = 0; round < 5 * rounds; round++) {
      const text = Array.from({ length: below(12) }, () => words[below(words.length)]).join('');
      decodeDeviceBag(text);
      parseDeviceTopic(text);
      parseHubTopic(text);
      parseDpsRequestTopic(text);
      parseDpsResponseTopic(text);
      parseMqttUserName(text);
    }
  });
});
