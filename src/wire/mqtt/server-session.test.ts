import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PacketWriter } from './encode.ts';
import { defaultMqttLimits } from './limits.ts';
import type { InboundPublish } from './packet.ts';
import { MqttServerSession } from './server-session.ts';
import { clientPackets } from './vectors/client-packets.ts';
import { malformedConnects, malformedPackets } from './vectors/malformed-packets.ts';
import { recordOpenSession, recordSession } from './vectors/recorded-session.ts';
import { serverPackets } from './vectors/server-packets.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const shown = (buffer: Buffer | undefined): string | undefined => buffer?.toString('hex');

function publishBytes(packetId: number, payload: Buffer | string = 'x', topic = 't'): Buffer {
  const writer = new PacketWriter();
  writer.publish({ topic, payload, qos: packetId === 0 ? 0 : 1 }, packetId);
  return writer.take() ?? Buffer.alloc(0);
}

function connectBytes(keepAliveSeconds: number): Buffer {
  const writer = new PacketWriter();
  writer.connect({ clientId: 'd', keepAliveSeconds, cleanSession: true });
  return writer.take() ?? Buffer.alloc(0);
}

describe('CONNECT', () => {
  test('every field of a CONNECT is handed on, its buffers as copies', () => {
    const { session, events } = recordSession();
    const chunk = Buffer.from(clientPackets.connectWill);
    session.receive(chunk);
    chunk.fill(0);
    assert.deepEqual(events, [
      {
        kind: 'connect',
        connect: {
          protocolName: 'MQTT',
          protocolLevel: 4,
          cleanSession: true,
          keepAliveSeconds: 60,
          clientId: 'd',
          userName: 'user',
          password: hex('00ff01'),
          will: { topic: 't/w', payload: Buffer.from('hi'), qos: 1, retain: true },
        },
      },
    ]);
    assert.deepEqual(session.takeOutput(), serverPackets.connack);
  });

  test('an X.509 device sends a user name and no password', () => {
    const { session, events } = recordSession();
    session.receive(clientPackets.connectX509);
    const [event] = events;
    assert.ok(event?.kind === 'connect');
    assert.equal(event.connect.userName, 'h/dev1/?api-version=2021-04-12');
    assert.ok(!('password' in event.connect));
    assert.equal(event.connect.cleanSession, false);
  });

  test('an empty client id is left to the surface', () => {
    const { session, events } = recordSession();
    session.receive(clientPackets.connectAnonymous);
    assert.ok(events[0]?.kind === 'connect' && events[0].connect.clientId === '');
    assert.equal(session.isClosed, false);
  });

  test('a session that was found is announced', () => {
    const { session } = recordSession({ answer: 'later' });
    session.receive(clientPackets.connectX509);
    session.accept(true);
    assert.deepEqual(session.takeOutput(), serverPackets.connackPresent);
  });

  for (const [what, packet] of [
    ['MQTT 5', '10 0d 00 04 4d 51 54 54 05 02 00 3c 00 00 00'],
    ['MQTT 3.1', '10 0e 00 06 4d 51 49 73 64 70 03 02 00 3c 00 00'],
    ['a bridge that marks its level', '10 0c 00 04 4d 51 54 54 84 02 00 3c 00 00'],
    ['another protocol name', '10 0c 00 04 4d 51 54 58 04 02 00 3c 00 00'],
  ] as const) {
    test(`MQTT-3.1.2-2: ${what} gets CONNACK 1 and is closed`, () => {
      const { session, events } = recordSession();
      session.receive(hex(packet));
      assert.equal(shown(session.takeOutput()), '20020001');
      assert.deepEqual(events, [{ kind: 'close', reason: 'protocol-level' }]);
    });
  }

  for (const { what, hex: packet, breaks } of malformedConnects) {
    test(`${breaks.source}: ${what} closes without CONNACK`, () => {
      const { session, events } = recordSession();
      session.receive(hex(packet));
      assert.match(session.closeDetail, breaks);
      assert.equal(session.takeOutput(), undefined);
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['close'],
      );
    });
  }

  test('MQTT-3.1.0-2: a second CONNECT closes before it is read', () => {
    const { session, events } = recordOpenSession();
    session.receive(clientPackets.connectWill);
    assert.deepEqual(events, [
      { kind: 'ended', reason: 'second-connect', clean: false },
      { kind: 'close', reason: 'second-connect' },
    ]);
    assert.match(session.closeDetail, /MQTT-3.1.0-2/);
  });

  test('a second CONNECT that waits for the answer to the first closes as well', () => {
    const { session, events } = recordSession({ answer: 'later' });
    session.receive(Buffer.concat([clientPackets.connectX509, clientPackets.connectX509]));
    session.accept(false);
    assert.ok(session.isClosed);
    assert.equal(events.filter(({ kind }) => kind === 'connect').length, 1);
  });

  test('a refusal leaves as CONNACK 5 and then closes', () => {
    for (const answer of ['refuse', 'later'] as const) {
      const { session, events } = recordSession({ answer });
      session.receive(clientPackets.connectX509);
      if (answer === 'later') session.refuse(5);
      assert.deepEqual(session.takeOutput(), serverPackets.connackRefused);
      assert.deepEqual(
        events.slice(1).toSorted((a, b) => a.kind.localeCompare(b.kind)),
        [
          { kind: 'close', reason: 'refused' },
          { kind: 'ended', reason: 'refused', clean: false },
        ],
      );
    }
  });

  test('a connection that no surface takes is closed', () => {
    const reasons: string[] = [];
    const session = new MqttServerSession({
      nowMs: () => 0,
      onOutput() {},
      onClose: (reason) => reasons.push(reason),
      onConnect: () => undefined,
    });
    session.receive(Buffer.concat([clientPackets.connectX509, clientPackets.publishQos0]));
    assert.deepEqual(reasons, ['refused']);
  });

  test('a first packet larger than a CONNECT needs to be is refused at its header', () => {
    const { session, events } = recordSession();
    session.receive(hex('10 ff ff 7f'));
    assert.deepEqual(events, [{ kind: 'close', reason: 'packet-too-large' }]);
  });
});

describe('before the answer to CONNECT', () => {
  test('packets that arrive early are handed on in order after accept', () => {
    const { session, events } = recordSession({ answer: 'later' });
    session.receive(Buffer.concat([clientPackets.connectX509, clientPackets.subscribe.subarray(0, 3)]));
    const chunk = Buffer.concat([clientPackets.subscribe.subarray(3), clientPackets.publishQos1]);
    session.receive(chunk);
    chunk.fill(0);
    session.receive(Buffer.from(clientPackets.pingreq));
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['connect'],
    );
    assert.equal(session.takeOutput(), undefined);
    assert.equal(session.wantsInput, false);
    session.accept(false);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['connect', 'subscribe', 'publish'],
    );
    assert.equal(session.wantsInput, true);
    assert.equal(shown(session.takeOutput()), '20020000d000');
  });

  test('more than the limit before the answer closes', () => {
    const { session, events } = recordSession({ answer: 'later', limits: { ...defaultMqttLimits, beforeAcceptBytesMax: 1000 } });
    session.receive(clientPackets.connectX509);
    session.receive(Buffer.alloc(1000));
    assert.equal(session.isClosed, false);
    session.receive(Buffer.alloc(1));
    assert.deepEqual(events.at(-1), { kind: 'close', reason: 'sent-too-much-before-accept' });
    // The surface's answer comes too late and does no harm.
    session.accept(false);
    assert.equal(session.takeOutput(), undefined);
  });

  test('a peer that leaves before the answer ends the session once', () => {
    const { session, events } = recordSession({ answer: 'later' });
    session.receive(clientPackets.connectX509);
    session.endOfInput();
    session.endOfInput();
    session.accept(false);
    assert.deepEqual(
      events.slice(1).map(({ kind }) => kind),
      ['ended', 'close'],
    );
  });

  test('nothing is sent before the answer', () => {
    const { session } = recordSession({ answer: 'later' });
    session.receive(clientPackets.connectX509);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 1 }), false);
    session.grant(1, [0]);
    assert.equal(session.takeOutput(), undefined);
  });
});

describe('what an accepted client sends', () => {
  test('messages arrive with topic, payload and flags', () => {
    const { session, events } = recordOpenSession();
    for (const packet of [
      clientPackets.publishQos0,
      clientPackets.publishQos1,
      clientPackets.publishQos1Dup,
      clientPackets.publishRetained,
      clientPackets.publishUnicode,
    ]) {
      session.receive(packet);
    }
    const message = { topic: 'a/b', payload: 'hi', qos: 0, retain: false, dup: false, packetId: 0 };
    assert.deepEqual(
      events.map((event) => event.kind === 'publish' && event.publish),
      [
        message,
        { ...message, qos: 1, packetId: 10 },
        { ...message, qos: 1, packetId: 10, dup: true },
        { ...message, topic: 'a', payload: '', retain: true },
        { ...message, topic: '\uFEFFä😀', payload: '' },
      ],
    );
  });

  test('a topic equal to the one before is the same, one that differs anywhere is not', () => {
    const { session, events } = recordOpenSession();
    const topics = [
      'devices/d/e/a',
      'devices/d/e/a',
      'devices/d/e/b',
      'xevices/d/e/b',
      'é',
      'é',
      'ab',
      'é',
      '\uFFFD\uFFFD',
      'abcdef',
    ];
    for (const topic of topics) session.receive(publishBytes(0, '', topic));
    assert.deepEqual(
      events.map((event) => event.kind === 'publish' && event.publish.topic),
      topics,
    );
  });

  test('MQTT-1.5.3-1: a byte that equals the last topic as Latin-1 is not that topic', () => {
    const { session } = recordOpenSession();
    session.receive(publishBytes(0, '', 'é'));
    session.receive(hex('30 03 00 01 e9'));
    assert.match(session.closeDetail, /MQTT-1.5.3-1/);
  });

  test('hub 34: PUBLISH with QoS 2 closes', () => {
    const { session, events } = recordOpenSession();
    session.receive(hex('34 05 00 01 61 00 01'));
    assert.deepEqual(events, [
      { kind: 'ended', reason: 'qos-2', clean: false },
      { kind: 'close', reason: 'qos-2' },
    ]);
    assert.equal(session.takeOutput(), undefined);
  });

  test('hub 34: SUBSCRIBE with QoS 2 is handed on to be granted 1, filters in order', () => {
    const { session, events } = recordOpenSession();
    session.receive(clientPackets.subscribe);
    assert.deepEqual(events, [
      {
        kind: 'subscribe',
        packetId: 12,
        filters: [
          { filter: 'a/#', qos: 1 },
          { filter: 'b', qos: 2 },
        ],
      },
    ]);
    session.grant(12, [1, 0x80]);
    assert.deepEqual(session.takeOutput(), serverPackets.suback);
    assert.equal(session.isClosed, false);
  });

  test('UNSUBSCRIBE is answered with UNSUBACK, PINGREQ with PINGRESP', () => {
    const { session, events } = recordOpenSession();
    session.receive(clientPackets.unsubscribe);
    assert.deepEqual(events, [{ kind: 'unsubscribe', packetId: 13, filters: ['a/#'] }]);
    session.unsubscribed(13);
    assert.deepEqual(session.takeOutput(), serverPackets.unsuback);
    session.receive(clientPackets.pingreq);
    assert.deepEqual(session.takeOutput(), serverPackets.pingresp);
  });

  test('MQTT-3.14.4-3: DISCONNECT ends cleanly and what follows it is not read', () => {
    const { session, events } = recordOpenSession();
    session.receive(Buffer.concat([clientPackets.disconnect, clientPackets.publishQos0]));
    session.receive(clientPackets.publishQos0);
    assert.deepEqual(events, [
      { kind: 'ended', reason: 'disconnect', clean: true },
      { kind: 'close', reason: 'disconnect' },
    ]);
  });

  test('a socket that ends without DISCONNECT is not a clean end', () => {
    const { session, events } = recordOpenSession();
    session.receive(clientPackets.publishQos1.subarray(0, 4));
    session.endOfInput();
    assert.deepEqual(events[0], { kind: 'ended', reason: 'connection-lost', clean: false });
    assert.match(session.closeDetail, /inside a packet/);
  });

  for (const { what, hex: packet, breaks } of malformedPackets) {
    test(`${breaks.source}: ${what} closes, and nothing behind it is read`, () => {
      const { session, events } = recordOpenSession();
      session.receive(Buffer.concat([clientPackets.publishQos0, hex(packet), clientPackets.publishQos0]));
      assert.match(session.closeDetail, breaks);
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['publish', 'ended', 'close'],
      );
    });
  }

  test('a payload may have 256 KiB and not one byte more', () => {
    const most = recordOpenSession();
    most.session.receive(publishBytes(1, Buffer.alloc(256 * 1024)));
    assert.equal(most.events[0]?.kind, 'publish');
    const over = recordOpenSession();
    over.session.receive(publishBytes(1, Buffer.alloc(256 * 1024 + 1)));
    assert.deepEqual(over.events[0], { kind: 'ended', reason: 'packet-too-large', clean: false });
  });

  test('a packet over the limit is refused at its header, before its body is sent', () => {
    const { session, events } = recordOpenSession();
    session.receive(hex('30 ff ff ff 7f'));
    assert.deepEqual(events.at(-1), { kind: 'close', reason: 'packet-too-large' });
  });

  test('more filters in one packet than the limit closes', () => {
    const { session, events } = recordOpenSession();
    const writer = new PacketWriter();
    writer.subscribe(
      1,
      Array.from({ length: defaultMqttLimits.filtersPerPacketMax + 1 }, () => ({ filter: 'f', qos: 0 }) as const),
    );
    session.receive(writer.take() ?? Buffer.alloc(0));
    assert.deepEqual(events.at(-1), { kind: 'close', reason: 'malformed-packet' });
  });
});

describe('acknowledgements', () => {
  test('hub 44: PUBACKs leave in the order of arrival even when messages become safe in another', () => {
    const { session } = recordOpenSession();
    session.receive(Buffer.concat([7, 3, 9, 1].map((id) => publishBytes(id))));
    session.acknowledge(9);
    session.acknowledge(3);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(7);
    assert.equal(shown(session.takeOutput()), '40020007' + '40020003' + '40020009');
    session.acknowledge(1);
    assert.equal(shown(session.takeOutput()), '40020001');
  });

  test('hub 44: 500 pipelined messages are acknowledged in one buffer, announced once', () => {
    const { session, events, outputs } = recordOpenSession();
    const ids = Array.from({ length: 500 }, (_, index) => index + 1);
    session.receive(Buffer.concat(ids.map((id) => publishBytes(id))));
    assert.equal(events.length, 500);
    for (const id of ids) session.acknowledge(id);
    assert.equal(outputs.announced, 1);
    const output = session.takeOutput() ?? Buffer.alloc(0);
    assert.equal(output.length, 2000);
    assert.deepEqual(
      ids.map((_, index) => output.readUInt16BE(4 * index + 2)),
      ids,
    );
    assert.equal(session.takeOutput(), undefined);
  });

  test('an acknowledgement leaves before a response that was published after it', () => {
    const { session } = recordOpenSession();
    session.receive(publishBytes(5));
    session.acknowledge(5);
    session.publish({ topic: '$iothub/methods/POST/go/?$rid=1', payload: 'null', qos: 0 });
    assert.equal(shown(session.takeOutput()), `40020005${shown(serverPackets.publishQos0)}`);
  });

  test('acknowledging inside the call that hands the message on works, and so does closing', () => {
    const first = recordOpenSession({
      react: (event, session) => event.kind === 'publish' && session.acknowledge(event.publish.packetId),
    });
    first.session.receive(Buffer.concat([publishBytes(1), publishBytes(2)]));
    assert.equal(shown(first.session.takeOutput()), '4002000140020002');
    const second = recordOpenSession({ react: (event, session) => event.kind === 'publish' && session.close('topic-unknown') });
    second.session.receive(Buffer.concat([publishBytes(1), publishBytes(2)]));
    assert.deepEqual(
      second.events.map(({ kind }) => kind),
      ['publish', 'ended', 'close'],
    );
    // The store answers after the session is gone.
    second.session.acknowledge(1);
    assert.equal(second.session.takeOutput(), undefined);
  });

  test('at the inbound window the session asks not to be fed, and wants input again when messages are safe', () => {
    const { session } = recordOpenSession({ limits: { ...defaultMqttLimits, inboundInflightMax: 2 } });
    session.receive(publishBytes(1));
    assert.equal(session.wantsInput, true);
    session.receive(Buffer.concat([publishBytes(2), publishBytes(3)]));
    assert.equal(session.wantsInput, false);
    session.acknowledge(1);
    assert.equal(session.wantsInput, false);
    session.acknowledge(2);
    assert.equal(session.wantsInput, true);
  });
});

describe('what is sent to a client', () => {
  test('messages are encoded byte for byte, and PUBACK frees their packet id', () => {
    const { session, events } = recordOpenSession();
    const message = { topic: 'devices/dev1/messages/devicebound/%24.to=x', payload: hex('000102'), qos: 1 } as const;
    assert.equal(session.publish(message), 1);
    assert.deepEqual(session.takeOutput(), serverPackets.publishQos1);
    assert.equal(session.publish(message), 2);
    session.receive(clientPackets.puback);
    session.receive(clientPackets.puback);
    assert.deepEqual(events, [{ kind: 'acknowledged', packetId: 1 }]);
  });

  test('at the outbound window publish declines QoS 1, allows QoS 0, and room is offered when a PUBACK comes', () => {
    const { session, events } = recordOpenSession({ limits: { ...defaultMqttLimits, outboundInflightMax: 1 } });
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 1 }), 1);
    assert.equal(session.isWritable, false);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 1 }), false);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 0 }), 0);
    session.receive(clientPackets.puback);
    assert.deepEqual(events, [{ kind: 'acknowledged', packetId: 1 }, { kind: 'writable' }]);
  });

  test('a client that does not read is not written to without end', () => {
    const { session, events, time } = recordOpenSession({ limits: { ...defaultMqttLimits, outputBytesMax: 100 } });
    assert.equal(session.publish({ topic: 't', payload: Buffer.alloc(200), qos: 0 }), 0);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 0 }), false);
    assert.equal(session.wantsInput, false);
    assert.ok(session.bufferedOutputBytes > 100);
    session.takeOutput();
    assert.equal(session.wantsInput, true);
    session.checkKeepAlive(time.ms);
    assert.deepEqual(events, [{ kind: 'writable' }]);
  });

  test('room is offered as soon as what was taken is on its way', () => {
    const { session, events } = recordOpenSession({ limits: { ...defaultMqttLimits, outputBytesMax: 100 } });
    session.publish({ topic: 't', payload: Buffer.alloc(200), qos: 0 });
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 0 }), false);
    session.drained();
    assert.deepEqual(events, []);
    session.takeOutput();
    session.drained();
    session.drained();
    assert.deepEqual(events, [{ kind: 'writable' }]);
    session.congested();
    assert.equal(session.isCongested, true);
    assert.equal(session.publish({ topic: 't', payload: 'x', qos: 0 }), 0);
    session.drained();
    assert.equal(session.isCongested, false);
    assert.equal(events.length, 2);
  });

  test('the payload is copied at once', () => {
    const { session } = recordOpenSession();
    const payload = Buffer.from('null');
    session.publish({ topic: '$iothub/methods/POST/go/?$rid=1', payload, qos: 0 });
    payload.fill(0);
    assert.deepEqual(session.takeOutput(), serverPackets.publishQos0);
  });
});

describe('time', () => {
  test('a CONNECT that is not complete within 30 s closes, even while bytes trickle in', () => {
    const { session, events, time } = recordSession();
    for (time.ms = 0; time.ms <= 29_000; time.ms += 1_000) {
      session.receive(clientPackets.connectX509.subarray(time.ms / 1000, time.ms / 1000 + 1));
      session.checkKeepAlive(time.ms);
    }
    assert.equal(session.isClosed, false);
    session.checkKeepAlive(30_001);
    assert.deepEqual(events, [{ kind: 'close', reason: 'connect-timeout' }]);
  });

  for (const [seconds, deadlineMs] of [
    [60, 90_000],
    [1_177, 1_765_500],
    [1_178, 1_767_000],
    [65_535, 1_767_000],
    [0, 1_767_000],
  ] as const) {
    test(`${seconds === 60 ? 'hub 30: ' : ''}keep-alive ${seconds} s closes after ${deadlineMs} ms of silence`, () => {
      const { session, events, time } = recordSession();
      time.ms = 5_000;
      session.receive(connectBytes(seconds));
      session.checkKeepAlive(5_000 + deadlineMs);
      assert.equal(session.isClosed, false);
      time.ms = 6_000;
      session.receive(clientPackets.pingreq);
      session.checkKeepAlive(6_000 + deadlineMs);
      assert.equal(session.isClosed, false);
      session.checkKeepAlive(6_001 + deadlineMs);
      assert.deepEqual(events.slice(1), [
        { kind: 'ended', reason: 'keep-alive-timeout', clean: false },
        { kind: 'close', reason: 'keep-alive-timeout' },
      ]);
    });
  }

  test('silence that we asked for is not held against the client', () => {
    const { session } = recordOpenSession({ limits: { ...defaultMqttLimits, inboundInflightMax: 1 } });
    session.receive(publishBytes(1));
    session.checkKeepAlive(1_000_000);
    session.acknowledge(1);
    session.checkKeepAlive(1_270_000);
    assert.equal(session.isClosed, false);
    session.checkKeepAlive(1_270_001);
    assert.equal(session.isClosed, true);
  });
});

describe('surfaces', () => {
  test('a peer that is made to speak while it is spoken to is heard afterwards', () => {
    const { session, events } = recordOpenSession({
      react: (event, session) => {
        if (event.kind === 'publish' && event.publish.packetId === 1) {
          session.receive(publishBytes(3));
          assert.equal(events.length, 1);
        }
      },
    });
    session.receive(Buffer.concat([publishBytes(1), publishBytes(2)]));
    assert.deepEqual(
      events.map((event) => event.kind === 'publish' && event.publish.packetId),
      [1, 2, 3],
    );
  });

  test('what stands behind a CONNECT is read before what its surface makes the peer say', () => {
    const { session, events } = recordSession({
      answer: 'later',
      react: (event, session) => event.kind === 'connect' && session.receive(publishBytes(2)),
    });
    session.receive(Buffer.concat([clientPackets.connectX509, publishBytes(1)]));
    session.accept(false);
    assert.deepEqual(
      events.slice(1).map((event) => event.kind === 'publish' && event.publish.packetId),
      [1, 2],
    );
  });

  test('a fault in a surface ends its connection and is not hidden', () => {
    const { session, events } = recordOpenSession({
      react: (event) => {
        if (event.kind === 'publish') throw new Error('a bug');
      },
    });
    assert.throws(() => session.receive(publishBytes(1)), /a bug/);
    assert.deepEqual(events.at(-1), { kind: 'close', reason: 'internal-error' });
  });

  test('a message cannot be looked at after its call', () => {
    const kept: InboundPublish[] = [];
    const session: MqttServerSession = new MqttServerSession({
      nowMs: () => 0,
      onOutput() {},
      onClose() {},
      onConnect() {
        session.accept(false);
        return { publish: (publish) => void kept.push(publish), acknowledged() {}, subscribe() {}, unsubscribe() {}, ended() {} };
      },
    });
    session.receive(Buffer.concat([clientPackets.connectX509, clientPackets.publishQos0]));
    assert.equal(kept.length, 1);
    assert.throws(() => kept[0]?.payload, /after the call/);
  });
});
