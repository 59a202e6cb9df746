import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type BrokerBench, openBrokerBench } from '#test/support/broker-bench.ts';
import { hubHost, parseBody, settled, until } from '#test/support/hub-bench.ts';

describe('the broker door', () => {
  let bench: BrokerBench;
  beforeEach(async () => {
    bench = await openBrokerBench();
    await bench.addDevices('a', 'b');
  });
  afterEach(() => bench.close());

  describe('CONNECT', () => {
    test('the client id is the device, and no user name, its own id or the hub’s form is as good', async () => {
      for (const userName of [undefined, '', 'a', `${hubHost}/a/?api-version=2021-04-12`]) {
        const client = await bench.connect('a', userName === undefined ? {} : { userName });
        assert.deepEqual(await client.next('connack'), { name: 'connack', isPresent: false, code: 0 });
        client.disconnect();
      }
    });

    for (const [what, reason, options] of [
      ['another device’s name', 'user-name-malformed', { userName: 'b' }],
      ['another hub', 'host-refused', { userName: 'other.example/a/?api-version=2021-04-12' }],
      ['a client id that no device may have', 'client-id-mismatch', { clientId: 'a/b' }],
      ['a will with wildcards', 'will-invalid', { will: { topic: 'a/+', payload: Buffer.alloc(0), qos: 0, retain: false } }],
      ['a password that is no token', 'credential-type-mismatch', { userName: 'a', password: Buffer.from('secret') }],
    ] as const) {
      test(`${what} is refused with 5, and why is kept`, async () => {
        const client = await bench.connect('a', options);
        assert.equal((await client.next('connack')).code, 5);
        assert.equal(client.closed, 'refused');
        assert.equal((await bench.refusal())?.reason, reason);
      });
    }

    test('[MQTT-3.1.3-8] without a client id it is 2, since a name of our choosing would be no device’s', async () => {
      for (const cleanSession of [true, false]) {
        const client = await bench.connect('a', { clientId: '', cleanSession });
        assert.equal((await client.next('connack')).code, 2);
        assert.equal(client.closed, 'refused');
      }
    });

    test('[MQTT-3.1.4-2] the newer connection of a client ends the older', async () => {
      const older = await bench.connect('a');
      const newer = await bench.connect('a');
      assert.equal(older.closed, 'newer-connection');
      assert.equal(newer.closed, undefined);
    });

    test('the hub’s own door is another: a device may stand in both', async () => {
      const device = await bench.connect('a');
      const atHub = bench.join([bench.ownCertificates.get('a')?.der ?? Buffer.alloc(0)]);
      atHub.client.connect({
        clientId: 'a',
        userName: `${hubHost}/a/?api-version=2021-04-12`,
        keepAliveSeconds: 60,
        cleanSession: true,
      });
      await until('CONNECT is answered', () => atHub.answer.code !== undefined);
      assert.equal(atHub.answer.code, 0);
      assert.equal(device.closed, undefined);
    });

    test('[MQTT-3.1.2-24] silence of one and a half keep-alives ends the connection', async () => {
      const client = await bench.connect('a', { keepAliveSeconds: 10 });
      client.server.checkKeepAlive(bench.clock.monotonic() + 15_000);
      assert.equal(client.closed, undefined);
      client.server.checkKeepAlive(bench.clock.monotonic() + 15_001);
      assert.equal(client.closed, 'keep-alive-timeout');
    });
  });

  describe('a credential that is taken away', () => {
    for (const [what, take] of [
      ['disabled', () => bench.hub.registry.setEnabled('a', false)],
      ['deleted', () => bench.hub.registry.delete('a')],
    ] as const) {
      test(`a device that is ${what} is sent away at once, without its will`, async () => {
        const listener = await bench.connect('b');
        await listener.subscribe('#');
        const will = { topic: 'gone', payload: Buffer.from('x'), qos: 0, retain: false } as const;
        const client = await bench.connect('a', { will });
        await take();
        assert.equal(client.closed, `device-${what}`);
        assert.deepEqual(await listener.quiet('publish'), []);
      });
    }

    test('a device that is made again under an old name finds nothing of the old one’s', async () => {
      const first = await bench.connect('a', { cleanSession: false });
      await first.subscribe(['secret/#', 1]);
      await bench.hub.registry.delete('a');
      await bench.addDevice('a');
      const again = await bench.connect('a', { cleanSession: false });
      assert.equal((await again.next('connack')).isPresent, false);
      const other = await bench.connect('b');
      other.publish('secret/1', 'x', { qos: 1 });
      await other.next('puback');
      assert.deepEqual(await again.quiet('publish'), []);
    });
  });

  describe('messages', () => {
    test('[MQTT-3.3.5-1, MQTT-3.8.4-6] each subscriber gets it with the smaller of both QoS', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      assert.deepEqual(await a.subscribe(['q/0', 0], ['q/1', 1], ['q/2', 2], ['q/#', 0]), [0, 1, 2, 0]);
      let packetId = 1;
      for (const topic of ['q/0', 'q/1', 'q/2', 'q/3']) {
        for (const qos of [0, 1, 2] as const) b.publish(topic, `${qos}`, { qos, packetId: packetId++ });
      }
      await settled();
      const got = (await a.quiet('publish')).map(({ topic, body, qos }) => `${topic} sent ${body} got ${qos}`);
      assert.deepEqual(got, [
        'q/0 sent 0 got 0',
        'q/0 sent 1 got 0',
        'q/0 sent 2 got 0',
        'q/1 sent 0 got 0',
        'q/1 sent 1 got 1',
        'q/1 sent 2 got 1',
        'q/2 sent 0 got 0',
        'q/2 sent 1 got 1',
        'q/2 sent 2 got 2',
        'q/3 sent 0 got 0',
        'q/3 sent 1 got 0',
        'q/3 sent 2 got 0',
      ]);
    });

    test('[MQTT-3.3.1-9] a message to those who subscribed before goes out without RETAIN', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await a.subscribe('t');
      b.publish('t', 'x', { retain: true });
      assert.equal((await a.next('publish')).retain, false);
    });

    test('[MQTT-3.3.2-2] a topic with a wildcard ends the connection, and why is kept', async () => {
      const a = await bench.connect('a');
      a.publish('t/+', 'x');
      assert.equal(a.closed, 'protocol-violation');
      assert.match((await bench.refusal())?.detail ?? '', /MQTT-3\.3\.2-2/);
    });

    test('[MQTT-3.10.4-1] what was unsubscribed is not sent any more', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await a.subscribe('t/#', 'u');
      await a.unsubscribe('t/#', 'never');
      b.publish('t/1', 'x');
      b.publish('u', 'y');
      assert.equal((await a.next('publish')).body, 'y');
      assert.deepEqual(await a.quiet('publish'), []);
    });

    test('[MQTT-4.7.2-1] # does not select topics with $, which are as good as others otherwise', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await a.subscribe('#');
      await b.subscribe('$own/#');
      b.publish('$own/t', 'x');
      assert.equal((await b.next('publish')).body, 'x');
      assert.deepEqual(await a.quiet('publish'), []);
    });

    test('[MQTT-4.6.0-6] messages of one client arrive in its order, whatever the subscriber’s QoS', async () => {
      const [a, b] = [await bench.connect('a', { cleanSession: false }), await bench.connect('b')];
      await a.subscribe(['t', 2]);
      for (let n = 1; n <= 30; n++) b.publish('t', String(n), { qos: 1, packetId: n });
      await until('all arrive', async () => (await a.quiet('publish')).length === 30);
      assert.deepEqual(
        (await a.quiet('publish')).map(({ body }) => Number(body)),
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
    });
  });

  describe('QoS 2 into the broker', () => {
    test('[MQTT-4.3.3-2] the same packet again is answered and not passed on again, until PUBREL', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await a.subscribe(['t', 0]);
      b.publish('t', 'x', { qos: 2, packetId: 5 });
      assert.equal((await b.next('pubrec')).packetId, 5);
      b.publish('t', 'x', { qos: 2, packetId: 5, dup: true });
      assert.equal((await b.next('pubrec')).packetId, 5);
      b.acknowledge('pubrel', 5);
      assert.equal((await b.next('pubcomp')).packetId, 5);
      b.publish('t', 'y', { qos: 2, packetId: 5 });
      await b.next('pubrec');
      assert.deepEqual(
        (await a.quiet('publish')).map(({ body }) => body),
        ['x', 'y'],
      );
    });

    test('[MQTT-4.4.0-1] over a break in a kept session the packet is still the same', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b', { cleanSession: false })];
      await a.subscribe('t');
      b.publish('t', 'x', { qos: 2, packetId: 5 });
      await b.next('pubrec');
      b.cut();
      const again = await bench.connect('b', { cleanSession: false });
      assert.equal((await again.next('connack')).isPresent, true);
      again.publish('t', 'x', { qos: 2, packetId: 5, dup: true });
      await again.next('pubrec');
      again.acknowledge('pubrel', 5);
      again.acknowledge('pubrel', 5);
      await again.next('pubcomp');
      await again.next('pubcomp');
      assert.equal((await a.quiet('publish')).length, 1);
    });
  });

  describe('QoS 1 and 2 out of the broker, in a kept session', () => {
    async function keptSubscriber(qos: 1 | 2) {
      const a = await bench.connect('a', { cleanSession: false });
      await a.subscribe(['t', qos]);
      return { a, b: await bench.connect('b') };
    }

    test('[MQTT-3.3.1-1] QoS 1: what was not acknowledged comes again with DUP, its packet id and its place', async () => {
      const { a, b } = await keptSubscriber(1);
      for (const n of [1, 2, 3]) b.publish('t', `m${n}`, { qos: 1, packetId: n });
      const first = await a.next('publish');
      await until('all three are there', () => a.packets.filter(({ name }) => name === 'publish').length === 2);
      a.acknowledge('puback', first.packetId ?? 0);
      a.cut();
      b.publish('t', 'm4', { qos: 1, packetId: 4 });
      await b.next('puback');
      const again = await bench.connect('a', { cleanSession: false });
      assert.equal((await again.next('connack')).isPresent, true);
      await until('three arrive', () => again.packets.length === 3);
      assert.deepEqual(
        again.packets.map(({ body, packetId, dup }) => ({ body, packetId, dup })),
        [
          { body: 'm2', packetId: 2, dup: true },
          { body: 'm3', packetId: 3, dup: true },
          { body: 'm4', packetId: 4, dup: false },
        ],
      );
    });

    test('[MQTT-4.3.3-1] QoS 2: after PUBREC only PUBREL comes again', async () => {
      const { a, b } = await keptSubscriber(2);
      b.publish('t', 'x', { qos: 2 });
      const { packetId = 0 } = await a.next('publish');
      a.acknowledge('pubrec', packetId);
      assert.equal((await a.next('pubrel')).packetId, packetId);
      a.cut();
      const again = await bench.connect('a', { cleanSession: false });
      assert.equal((await again.next('pubrel')).packetId, packetId);
      again.acknowledge('pubcomp', packetId);
      assert.deepEqual(await again.quiet('publish'), []);
      again.cut();
      const third = await bench.connect('a', { cleanSession: false });
      await settled();
      assert.deepEqual(
        third.packets.map(({ name }) => name),
        ['connack'],
      );
    });

    test('[MQTT-3.1.2-5] QoS 0 is not kept for who is away', async () => {
      const { a, b } = await keptSubscriber(1);
      a.disconnect();
      b.publish('t', 'zero');
      b.publish('t', 'one', { qos: 1 });
      await b.next('puback');
      const again = await bench.connect('a', { cleanSession: false });
      assert.equal((await again.next('publish')).body, 'one');
      assert.deepEqual(await again.quiet('publish'), []);
    });

    test('[MQTT-3.1.2-6] a clean session discards the kept one, and leaves none itself', async () => {
      const { a, b } = await keptSubscriber(1);
      a.disconnect();
      const clean = await bench.connect('a', { cleanSession: true });
      assert.equal((await clean.next('connack')).isPresent, false);
      await clean.subscribe(['t', 1]);
      clean.disconnect();
      b.publish('t', 'x', { qos: 1 });
      await b.next('puback');
      const again = await bench.connect('a', { cleanSession: false });
      assert.equal((await again.next('connack')).isPresent, false);
      assert.deepEqual(await again.quiet('publish'), []);
    });
  });

  describe('retained messages', () => {
    test('[MQTT-3.3.1-6, MQTT-3.3.1-8] a new subscription is sent what its topics have, with RETAIN', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      b.publish('t/1', 'old', { retain: true, qos: 1, packetId: 1 });
      b.publish('t/1', 'new', { retain: true, qos: 1, packetId: 2 });
      b.publish('t/2', 'zero', { retain: true });
      b.publish('u', 'other', { retain: true });
      await a.subscribe(['t/+', 2]);
      assert.deepEqual(
        (await a.quiet('publish')).map(({ topic, body, qos, retain }) => ({ topic, body, qos, retain })),
        [
          { topic: 't/1', body: 'new', qos: 1, retain: true },
          { topic: 't/2', body: 'zero', qos: 0, retain: true },
        ],
      );
    });

    test('[MQTT-3.8.4-3] subscribing again sends them again', async () => {
      const a = await bench.connect('a');
      a.publish('t', 'x', { retain: true });
      for (let time = 0; time < 2; time++) {
        await a.subscribe('t');
        assert.equal((await a.next('publish')).body, 'x');
      }
    });

    test('[MQTT-3.3.1-10, MQTT-3.3.1-11] an empty one clears its topic, and is passed on', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await a.subscribe('t');
      b.publish('t', 'x', { retain: true });
      b.publish('t', '', { retain: true });
      await until('both arrive', () => a.packets.filter(({ name }) => name === 'publish').length === 2);
      const late = await bench.connect('a');
      await late.subscribe('t');
      assert.deepEqual(await late.quiet('publish'), []);
    });

    test('[MQTT-3.3.1-12] without RETAIN nothing is retained, and what was stays', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      b.publish('t', 'kept', { retain: true });
      b.publish('t', 'passing');
      await a.subscribe('t');
      assert.equal((await a.next('publish')).body, 'kept');
    });
  });

  describe('wills', () => {
    const will = { topic: 'status/a', payload: Buffer.from('gone'), qos: 1, retain: true } as const;

    for (const [what, leave] of [
      ['a line that breaks', (client: { cut(): void }) => client.cut()],
      [
        'a malformed packet',
        (client: { server: { receive(chunk: Buffer): void } }) => client.server.receive(Buffer.from([0xf0, 0])),
      ],
    ] as const) {
      test(`[MQTT-3.1.2-8] ${what} sends the will, retained if it says so [MQTT-3.1.2-17]`, async () => {
        const listener = await bench.connect('b');
        await listener.subscribe(['status/#', 1]);
        leave(await bench.connect('a', { will }));
        const { body, qos } = await listener.next('publish');
        assert.deepEqual({ body, qos }, { body: 'gone', qos: 1 });
        const late = await bench.connect('b');
        await late.subscribe('status/a');
        assert.equal((await late.next('publish')).body, 'gone');
      });
    }

    test('[MQTT-3.1.2-10] DISCONNECT removes it', async () => {
      const listener = await bench.connect('b');
      await listener.subscribe('status/#');
      (await bench.connect('a', { will })).disconnect();
      assert.deepEqual(await listener.quiet('publish'), []);
    });

    test('the newer connection of a client sends the older one’s', async () => {
      const listener = await bench.connect('b');
      await listener.subscribe('status/#');
      await bench.connect('a', { will });
      await bench.connect('a');
      assert.equal((await listener.next('publish')).body, 'gone');
    });
  });

  describe('the client’s own telemetry', () => {
    test('it lands in the hub’s log with its properties and reaches subscribers, and PUBACK waits for the sync', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await b.subscribe('devices/+/messages/events/#');
      const syncs = bench.holdSyncs();
      a.publish('devices/a/messages/events/x=1', '{"t":20}', { qos: 1 });
      a.publish('plain', 'not telemetry', { qos: 1, packetId: 2 });
      assert.equal((await b.next('publish')).topic, 'devices/a/messages/events/x=1');
      await until('a sync is asked for', () => syncs.asked > 0);
      assert.deepEqual(await a.quiet('puback'), []);
      syncs.end();
      assert.equal((await a.next('puback')).packetId, 1);
      assert.equal((await a.next('puback')).packetId, 2);
      const [event, ...others] = await bench.stored('Telemetry');
      assert.deepEqual(others, []);
      assert.deepEqual(parseBody({ body: event?.body.toString() ?? '' }), { t: 20 });
      assert.equal(event?.properties().application.x, '1');
    });

    test('that of another device ends the connection', async () => {
      const [a, b] = [await bench.connect('a'), await bench.connect('b')];
      await b.subscribe('devices/#');
      a.publish('devices/b/messages/events/', '{}', { qos: 1 });
      assert.equal(a.closed, 'protocol-violation');
      assert.equal((await bench.refusal())?.reason, 'protocol-violation');
      assert.deepEqual(await bench.stored('Telemetry'), []);
      assert.deepEqual(await b.quiet('publish'), []);
    });

    test('a will on it is telemetry too', async () => {
      const will = { topic: 'devices/a/messages/events/', payload: Buffer.from('bye'), qos: 1, retain: false } as const;
      (await bench.connect('a', { will })).cut();
      await until('the will is stored', async () => (await bench.stored('Telemetry')).length === 1);
      const [event] = await bench.stored('Telemetry');
      assert.equal(event?.properties().application['iothub-MessageType'], 'Will');
    });

    test('a disk that failed acknowledges nothing and ends the connections', async () => {
      const a = await bench.connect('a');
      bench.disk.before = (operation) => {
        if (operation === 'sync') throw new Error('the disk is gone');
      };
      a.publish('devices/a/messages/events/', '{}', { qos: 1 });
      await until('the connection ends', () => a.closed !== undefined);
      assert.equal(a.closed, 'storage-unavailable');
      assert.deepEqual(await a.quiet('puback'), []);
    });
  });
});

describe('limits of the broker door', () => {
  let bench: BrokerBench;
  before(async () => {
    bench = await openBrokerBench({ subscriptionsMax: 2, queueMessagesMax: 3, retainedMessagesMax: 1, queueBytesMax: 100 });
    await bench.addDevices('a', 'b', 'c', 'd', 'e');
  });
  after(() => bench.close());

  test('a filter over the limit, too long or too deep is refused with 0x80, and the others are not', async () => {
    const a = await bench.connect('a');
    assert.deepEqual(
      await a.subscribe('x/'.repeat(128), 'f'.repeat(1_025), 'one', 'two', 'three', 'one'),
      [0x80, 0x80, 0, 0, 0x80, 0],
    );
  });

  test('a topic with too many levels ends the connection', async () => {
    const a = await bench.connect('a');
    a.publish('x/'.repeat(128), 'y');
    assert.equal(a.closed, 'protocol-violation');
  });

  test('a full queue leaves out the newest, and takes messages again when it has room', async () => {
    const b = await bench.connect('b', { cleanSession: false });
    await b.subscribe(['q', 1]);
    b.cut();
    const a = await bench.connect('a');
    for (let n = 1; n <= 5; n++) {
      a.publish('q', String(n), { qos: 1, packetId: n });
      await a.next('puback');
    }
    const again = await bench.connect('b', { cleanSession: false });
    await until('three arrive', () => again.packets.filter(({ name }) => name === 'publish').length === 3);
    for (const packet of await again.quiet('publish')) again.acknowledge('puback', packet.packetId ?? 0);
    a.publish('q', '6', { qos: 1, packetId: 6 });
    await until('the sixth arrives', () => again.packets.some(({ body }) => body === '6'));
    assert.deepEqual(
      (await again.quiet('publish')).map(({ body }) => body),
      ['1', '2', '3', '6'],
    );
  });

  test('what a slow client does not read waits in its queue', async () => {
    const e = await bench.connect('e');
    await e.subscribe('slow');
    e.server.congested();
    const a = await bench.connect('a');
    for (let n = 1; n <= 5; n++) a.publish('slow', String(n));
    assert.deepEqual(await e.quiet('publish'), []);
    e.server.drained();
    await until('three arrive', () => e.packets.filter(({ name }) => name === 'publish').length === 3);
    assert.deepEqual(
      (await e.quiet('publish')).map(({ body }) => body),
      ['1', '2', '3'],
    );
  });

  test('bytes are counted as well', async () => {
    const c = await bench.connect('c', { cleanSession: false });
    await c.subscribe(['bytes', 1]);
    c.cut();
    const a = await bench.connect('a');
    a.publish('bytes', 'x'.repeat(90), { qos: 1, packetId: 1 });
    a.publish('bytes', 'y'.repeat(90), { qos: 1, packetId: 2 });
    await a.next('puback');
    await a.next('puback');
    const again = await bench.connect('c', { cleanSession: false });
    await until('one arrives', () => again.packets.some(({ name }) => name === 'publish'));
    assert.equal((await again.quiet('publish')).length, 1);
  });

  test('[MQTT-3.3.1-7] over the limit of retained messages QoS 0 is passed on without, and QoS 1 is not acknowledged', async () => {
    const [d, e] = [await bench.connect('d'), await bench.connect('e')];
    await e.subscribe('r/#');
    d.publish('r/1', 'one', { retain: true, qos: 1 });
    await d.next('puback');
    d.publish('r/1', 'more', { retain: true, qos: 1 });
    await d.next('puback');
    d.publish('r/2', 'zero', { retain: true });
    await until('three arrive', () => e.packets.filter(({ name }) => name === 'publish').length === 3);
    d.publish('r/3', 'three', { retain: true, qos: 1 });
    assert.equal(d.closed, 'protocol-violation');
    assert.deepEqual(await d.quiet('puback'), []);
    const refusals = await bench.refusals.list({ subject: 'd' });
    assert.equal(refusals[0]?.reason, 'retained-full');
  });
});
