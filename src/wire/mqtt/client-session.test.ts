import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MqttClientSession, type MqttClientSessionOptions } from './client-session.ts';
import { PacketWriter } from './encode.ts';
import { defaultMqttLimits } from './limits.ts';
import { PacketIds } from './packet-ids.ts';
import { clientPackets } from './vectors/client-packets.ts';
import { recordSession } from './vectors/recorded-session.ts';
import { serverPackets } from './vectors/server-packets.ts';

function recordClient(options: Partial<MqttClientSessionOptions> = {}) {
  const events: unknown[] = [];
  const time = { ms: 0 };
  const session = new MqttClientSession({
    nowMs: () => time.ms,
    onOutput: () => events.push('output'),
    onConnack: (code, sessionPresent) => events.push(['connack', code, sessionPresent]),
    onMessage: ({ topic, payload, qos }) => events.push(['message', topic, payload.toString('hex'), qos]),
    onClose: (reason) => events.push(['close', reason]),
    ...options,
  });
  return { session, events, time };
}

function openClient(keepAliveSeconds = 60, options: Partial<MqttClientSessionOptions> = {}) {
  const client = recordClient(options);
  client.session.connect({ clientId: 'd', keepAliveSeconds, cleanSession: true });
  client.session.takeOutput();
  client.session.receive(serverPackets.connack);
  client.events.length = 0;
  return client;
}

describe('client session', () => {
  test('CONNECT is encoded byte for byte', () => {
    const x509 = recordClient().session;
    const userName = 'h/dev1/?api-version=2021-04-12';
    x509.connect({ clientId: 'dev1', userName, keepAliveSeconds: 180, cleanSession: false });
    assert.deepEqual(x509.takeOutput(), clientPackets.connectX509);
    const full = recordClient().session;
    full.connect({
      clientId: 'd',
      userName: 'user',
      password: Buffer.from([0, 255, 1]),
      keepAliveSeconds: 60,
      cleanSession: true,
      will: { topic: 't/w', payload: Buffer.from('hi'), qos: 1, retain: true },
    });
    assert.deepEqual(full.takeOutput(), clientPackets.connectWill);
    const anonymous = recordClient().session;
    anonymous.connect({ clientId: '', keepAliveSeconds: 0, cleanSession: true });
    assert.deepEqual(anonymous.takeOutput(), clientPackets.connectAnonymous);
  });

  test('[MQTT-4.4.0-1] what was not acknowledged goes out on the next connection under its first identifier, which nothing else takes', () => {
    const packetIds = new PacketIds();
    const first = openClient(60, { packetIds }).session;
    const [lost, acknowledged] = [packetIds.take(), packetIds.take()];
    for (const id of [lost, acknowledged]) first.publish({ topic: 't', payload: '', qos: 1 }, undefined, id);
    first.subscribe([{ filter: 'f', qos: 1 }]);
    first.receive(Buffer.from([0x40, 2, 0, acknowledged]));
    first.endOfInput();
    assert.deepEqual([packetIds.has(lost), packetIds.size], [true, 1]);
    const second = openClient(60, { packetIds }).session;
    second.subscribe([{ filter: 'f', qos: 1 }]);
    second.takeOutput();
    second.publish({ topic: 't', payload: '', qos: 1, dup: true }, undefined, lost);
    assert.deepEqual(second.takeOutput(), Buffer.from([0x3a, 5, 0, 1, 0x74, 0, lost]));
    second.receive(Buffer.from([0x40, 2, 0, lost]));
    assert.equal(packetIds.has(lost), false);
  });

  test('subscriptions and their answers are matched by packet id', () => {
    const { session, events } = openClient();
    for (let id = 1; id < 12; id++) session.unsubscribe(['x'], () => events.push(['unsubscribed', id]));
    session.takeOutput();
    events.length = 0;
    const filters = [
      { filter: 'a/#', qos: 1 },
      { filter: 'b', qos: 2 },
    ] as const;
    session.subscribe(filters, (codes) => events.push(['granted', ...codes]));
    assert.deepEqual(session.takeOutput(), clientPackets.subscribe);
    session.unsubscribe(['a/#'], () => events.push('unsubscribed'));
    assert.deepEqual(session.takeOutput(), clientPackets.unsubscribe);
    session.receive(Buffer.concat([serverPackets.unsuback, serverPackets.suback, serverPackets.suback]));
    assert.deepEqual(events, ['output', 'output', 'unsubscribed', ['granted', 1, 0x80]]);
  });

  test('a PUBACK calls back once, and a QoS 1 message is acknowledged', () => {
    const { session, events } = openClient();
    let acknowledged = 0;
    assert.equal(
      session.publish({ topic: 'a/b', payload: 'hi', qos: 1 }, () => acknowledged++),
      true,
    );
    session.takeOutput();
    session.receive(Buffer.concat([Buffer.from('40020001', 'hex'), Buffer.from('40020001', 'hex')]));
    assert.equal(acknowledged, 1);
    events.length = 0;
    session.receive(Buffer.concat([serverPackets.publishQos0, serverPackets.publishQos1]));
    assert.deepEqual(events, [
      ['message', '$iothub/methods/POST/go/?$rid=1', Buffer.from('null').toString('hex'), 0],
      ['message', 'devices/dev1/messages/devicebound/%24.to=x', '000102', 1],
      'output',
    ]);
    assert.equal(session.takeOutput()?.toString('hex'), '40020001');
  });

  test('where acknowledging comes later, it waits for each call, and leaves in the order of arrival', () => {
    const { session, events } = openClient(60, { acknowledgesLater: true });
    const writer = new PacketWriter();
    for (const id of [7, 8, 9]) writer.publish({ topic: 't', payload: 'x', qos: 1 }, id);
    session.receive(writer.take() ?? Buffer.alloc(0));
    assert.equal(events.length, 3);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(8);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(7);
    assert.equal(session.takeOutput()?.toString('hex'), '4002000740020008');
    session.disconnect();
    session.takeOutput();
    session.acknowledge(9);
    assert.equal(session.takeOutput(), undefined);
  });

  test('[MQTT-4.6.0-2] a message over the limit is read past, told and acknowledged behind those before it, or ends the connection', () => {
    const limits = { ...defaultMqttLimits, packetBytesMax: 100 };
    const large = (qos: 0 | 1, id: number) => {
      const writer = new PacketWriter();
      writer.publish({ topic: 'big', payload: Buffer.alloc(500), qos, retain: true }, id);
      return writer.take() ?? Buffer.alloc(0);
    };
    const told: unknown[] = [];
    const { session } = openClient(60, { limits, acknowledgesLater: true, onOversize: (publish) => told.push(publish) });
    session.receive(serverPackets.publishQos1);
    for (const packet of [large(1, 5), large(0, 0)]) for (const byte of packet) session.receive(Buffer.of(byte));
    assert.deepEqual(told, [
      { topic: 'big', qos: 1, retain: true, dup: false, packetId: 5, payloadBytes: 500 },
      { topic: 'big', qos: 0, retain: true, dup: false, packetId: 0, payloadBytes: 500 },
    ]);
    assert.equal(session.takeOutput(), undefined);
    session.acknowledge(1);
    assert.equal(session.takeOutput()?.toString('hex'), '4002000140020005');
    const strict = openClient(60, { limits });
    strict.session.receive(large(1, 5));
    assert.deepEqual(strict.events, [['close', 'packet-too-large']]);
    const early = recordClient({ limits, onOversize: () => assert.fail('before CONNACK') });
    early.session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
    early.session.receive(large(1, 5));
    assert.ok(early.session.isClosed);
  });

  test('publish declines before CONNACK, at the window and after the end', () => {
    const { session } = recordClient();
    const message = { topic: 't', payload: 'x', qos: 1 } as const;
    session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
    assert.equal(session.publish(message), false);
    session.receive(serverPackets.connack);
    for (let index = 0; index < defaultMqttLimits.outboundInflightMax; index++) assert.equal(session.publish(message), true);
    assert.equal(session.publish(message), false);
    session.disconnect();
    assert.equal(session.publish({ ...message, qos: 0 }), false);
    assert.ok(session.takeOutput()?.subarray(-2).equals(clientPackets.disconnect));
  });

  test('a refused connection reports its code and closes', () => {
    const { session, events } = recordClient();
    session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
    session.receive(serverPackets.connackRefused);
    assert.deepEqual(events, ['output', ['connack', 5, false], ['close', 'refused']]);
  });

  for (const [what, bytes] of [
    ['something else before CONNACK', 'd000'],
    ['a CONNACK with reserved flags', '20020200'],
    ['a refusal with a session', '20020105'],
  ] as const) {
    test(`${what} closes`, () => {
      const { session } = recordClient();
      session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
      session.receive(Buffer.from(bytes, 'hex'));
      assert.ok(session.isClosed);
    });
  }

  for (const [what, bytes] of [
    ['a second CONNACK', '20020000'],
    ['a PINGREQ from a server', 'c000'],
    ['a SUBACK with a reserved code', '9003000103'],
    ['a message of QoS 2', '3405000161' + '0001'],
  ] as const) {
    test(`${what} closes`, () => {
      const { session } = openClient();
      session.receive(Buffer.from(bytes, 'hex'));
      assert.ok(session.isClosed);
    });
  }

  test('it pings in time, and closes when the ping stays unanswered', () => {
    const { session, events } = openClient(60);
    session.checkKeepAlive(44_999);
    assert.equal(session.takeOutput(), undefined);
    session.checkKeepAlive(45_000);
    assert.deepEqual(session.takeOutput(), clientPackets.pingreq);
    session.receive(serverPackets.pingresp);
    session.checkKeepAlive(80_000);
    assert.deepEqual(session.takeOutput(), clientPackets.pingreq);
    session.checkKeepAlive(109_999);
    assert.equal(session.isClosed, false);
    session.checkKeepAlive(110_000);
    assert.deepEqual(events.at(-1), ['close', 'keep-alive-timeout']);
  });

  test('a server that never answers CONNECT is given up', () => {
    const { session } = recordClient();
    session.connect({ clientId: 'd', keepAliveSeconds: 0, cleanSession: true });
    session.checkKeepAlive(30_000);
    assert.ok(session.isClosed);
  });

  test('client and server session understand each other', () => {
    const server = recordSession({
      react: (event, session) => {
        if (event.kind === 'subscribe') session.grant(event.packetId, [1]);
        if (event.kind === 'publish') session.acknowledge(event.publish.packetId);
      },
    });
    const { session: client, events, time } = recordClient();
    const exchange = () => {
      for (let more = true; more; ) {
        const up = client.takeOutput();
        if (up) server.session.receive(up);
        const down = server.session.takeOutput();
        if (down) client.receive(down);
        more = up !== undefined || down !== undefined;
      }
    };
    client.connect({ clientId: 'd', userName: 'h/d/?api-version=2021-04-12', keepAliveSeconds: 60, cleanSession: false });
    exchange();
    assert.equal(client.isConnected, true);
    client.subscribe([{ filter: 'x/#', qos: 1 }], (codes) => events.push(['granted', ...codes]));
    client.publish({ topic: 'té/st', payload: 'x'.repeat(300), qos: 1 }, () => events.push('acknowledged'));
    exchange();
    server.session.publish({ topic: 'x/1', payload: 'hello', qos: 1 });
    exchange();
    assert.ok(events.includes('acknowledged'));
    assert.deepEqual(server.events.at(-1), { kind: 'acknowledged', packetId: 1 });
    time.ms = 45_000;
    client.checkKeepAlive(time.ms);
    exchange();
    client.disconnect();
    exchange();
    assert.deepEqual(server.events.at(-2), { kind: 'ended', reason: 'disconnect', clean: true });
  });
});
