import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketWriter } from './encode.ts';
import { defaultMqttLimits } from './limits.ts';
import { packetType, type Qos } from './packet.ts';
import { type RecordOptions, recordOpenSession } from './vectors/recorded-session.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const shown = (buffer: Buffer | undefined): string | undefined => buffer?.toString('hex');

function publishBytes(packetId: number, qos: Qos, payload: Buffer | string = 'x'): Buffer {
  const writer = new PacketWriter();
  writer.publish({ topic: 't', payload, qos }, packetId);
  return writer.take() ?? Buffer.alloc(0);
}

const acknowledgement = (type: number, packetId: number, flags = 0): Buffer =>
  Buffer.from([(type << 4) | flags, 2, packetId >> 8, packetId & 0xff]);

const open = (options: RecordOptions = {}) => recordOpenSession({ accept: { speaksQos2: true }, ...options });

describe('QoS 2 from a client', () => {
  test('[MQTT-4.3.3-2] PUBLISH is answered with PUBREC, PUBREL with PUBCOMP, each when the surface says so', () => {
    const { session, events } = open();
    session.receive(publishBytes(7, 2));
    assert.deepEqual(events, [
      { kind: 'publish', publish: { topic: 't', payload: 'x', qos: 2, retain: false, dup: false, packetId: 7 } },
    ]);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(7, 2);
    assert.equal(shown(session.takeOutput()), '50020007');
    session.receive(acknowledgement(packetType.pubrel, 7, 2));
    assert.deepEqual(events.at(-1), { kind: 'released', packetId: 7 });
    session.complete(7);
    assert.equal(shown(session.takeOutput()), '70020007');
  });

  test('[MQTT-4.6.0-3] PUBRECs leave in the order of arrival, and do not wait for PUBACKs', () => {
    const { session } = open();
    session.receive(Buffer.concat([publishBytes(1, 1), publishBytes(2, 2), publishBytes(3, 2)]));
    session.acknowledge(3, 2);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(2, 2);
    assert.equal(shown(session.takeOutput()), '5002000250020003');
    session.acknowledge(1);
    assert.equal(shown(session.takeOutput()), '40020001');
  });

  test('messages of both kinds share the inbound window', () => {
    const { session } = open({ limits: { ...defaultMqttLimits, inboundInflightMax: 2 } });
    session.receive(Buffer.concat([publishBytes(1, 1), publishBytes(2, 2)]));
    assert.equal(session.wantsInput, false);
    session.acknowledge(2, 2);
    assert.equal(session.wantsInput, true);
  });

  test('[MQTT-3.6.1-1] PUBREL with other flags than 2 is malformed', () => {
    const { session } = open();
    session.receive(acknowledgement(packetType.pubrel, 1));
    assert.match(session.closeDetail, /MQTT-2.2.2-2/);
  });

  for (const [name, type, flags] of [
    ['PUBREC', packetType.pubrec, 0],
    ['PUBREL', packetType.pubrel, 2],
    ['PUBCOMP', packetType.pubcomp, 0],
  ] as const) {
    test(`${name} ends a connection that was not accepted for QoS 2`, () => {
      const { session, events } = recordOpenSession();
      session.receive(acknowledgement(type, 1, flags));
      assert.deepEqual(events.at(-1), { kind: 'close', reason: 'packet-unexpected' });
    });
  }
});

describe('QoS 2 to a client', () => {
  test('[MQTT-4.3.3-1] the packet id stays taken from PUBLISH to PUBCOMP, and PUBREL follows PUBREC', () => {
    const { session, events } = open();
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 2 }), 1);
    assert.equal(shown(session.takeOutput()), '340600017400' + '0178');
    session.receive(acknowledgement(packetType.pubrec, 1));
    assert.deepEqual(events, [{ kind: 'received', packetId: 1 }]);
    assert.equal(session.takeOutput(), undefined);
    session.release(1);
    assert.equal(shown(session.takeOutput()), '62020001');
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 1 }), 2);
    session.takeOutput();
    session.receive(acknowledgement(packetType.pubcomp, 1));
    assert.deepEqual(events.at(-1), { kind: 'acknowledged', packetId: 1 });
  });

  test('PUBREC of a message that nobody knows any more is answered, so that the client can forget it', () => {
    const { session, events } = open();
    session.receive(acknowledgement(packetType.pubrec, 9));
    assert.equal(shown(session.takeOutput()), '62020009');
    assert.deepEqual(events, []);
  });

  test('[MQTT-4.4.0-1] a message and a PUBREL of an earlier connection go out under their old packet ids', () => {
    const { session, events } = open();
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 1, dup: true }, 40), 40);
    assert.equal(shown(session.takeOutput()), '3a060001740028' + '78');
    session.release(41);
    assert.equal(shown(session.takeOutput()), '62020029');
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 2 }, 41), false);
    session.receive(acknowledgement(packetType.pubcomp, 41));
    assert.deepEqual(events, [{ kind: 'acknowledged', packetId: 41 }]);
  });

  test('at the outbound window QoS 2 is declined like QoS 1', () => {
    const { session } = open({ limits: { ...defaultMqttLimits, outboundInflightMax: 1 } });
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 2 }), 1);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 2 }), false);
  });
});

describe('a message that is larger than allowed, where it is to be dropped', () => {
  const limits = { ...defaultMqttLimits, payloadBytesMax: 100, packetBytesMax: 200 };
  const dropping = (more: Partial<RecordOptions> = {}) => recordOpenSession({ accept: { dropsOversize: true }, limits, ...more });
  const dropped = (packetId: number, qos: Qos, payloadBytes: number) => ({
    kind: 'oversize',
    publish: { topic: 't', qos, retain: false, dup: false, packetId, payloadBytes },
  });

  for (const payloadBytes of [101, 5_000]) {
    test(`one of ${payloadBytes} bytes is told without its payload, and what follows is read`, () => {
      const { session, events } = dropping();
      session.receive(Buffer.concat([publishBytes(5, 1, Buffer.alloc(payloadBytes)), publishBytes(6, 1)]));
      assert.deepEqual(events[0], dropped(5, 1, payloadBytes));
      assert.equal(events[1]?.kind, 'publish');
      session.acknowledge(5);
      session.acknowledge(6);
      assert.equal(shown(session.takeOutput()), '4002000540020006');
    });
  }

  test('however the stream is cut', () => {
    const bytes = Buffer.concat([
      publishBytes(1, 1, Buffer.alloc(700)),
      publishBytes(0, 0, Buffer.alloc(300)),
      publishBytes(2, 1),
    ]);
    for (let size = 1; size < 40; size++) {
      const { session, events } = dropping();
      for (let at = 0; at < bytes.length; at += size) session.receive(bytes.subarray(at, at + size));
      assert.deepEqual(
        events.map((event) => event.kind),
        ['oversize', 'oversize', 'publish'],
        `in pieces of ${size}`,
      );
      assert.deepEqual(events.slice(0, 2), [dropped(1, 1, 700), dropped(0, 0, 300)]);
    }
  });

  test('its payload is not kept while it passes', () => {
    const { session, events } = dropping();
    session.receive(hex('32 ff ff ff 7f 00 01 74 00 09'));
    for (let piece = 0; piece < 100; piece++) session.receive(Buffer.alloc(1_000));
    assert.deepEqual(events, []);
    assert.equal(session.isClosed, false);
    session.endOfInput();
    assert.match(session.closeDetail, /inside a packet/);
  });

  test('other packets over the limit end the connection as ever', () => {
    const { session, events } = dropping();
    session.receive(hex('82 ff ff ff 7f'));
    assert.deepEqual(events.at(-1), { kind: 'close', reason: 'packet-too-large' });
  });

  test('QoS 2 and malformed topics are judged as ever', () => {
    const qos2 = dropping();
    qos2.session.receive(publishBytes(5, 2, Buffer.alloc(5_000)));
    assert.deepEqual(qos2.events.at(-1), { kind: 'close', reason: 'qos-2' });
    const empty = dropping();
    empty.session.receive(Buffer.concat([hex('30 ff 01 00 00'), Buffer.alloc(253)]));
    assert.match(empty.session.closeDetail, /MQTT-4.7.3-1/);
  });
});
