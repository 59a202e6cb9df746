import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { settled } from '#test/support/hub-bench.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type ServerPublish, subscriptionRefused } from '#wire/mqtt/packet.ts';
import { Broker } from './broker.ts';
import type { BrokerSession } from './broker-session.ts';
import { brokerLimits, ownShareBytes, sessionLevelsMax, topicLevelsMax } from './limits.ts';

const callerOf = (deviceId: string, generationId = 'g1') => ({ deviceId, generationId }) as DeviceCaller;

/** The other end of a session: what it was sent, as text. */
function attach(session: BrokerSession): string[] {
  const sent: string[] = [];
  session.attach({
    isClosed: false,
    isCongested: false,
    publish({ topic, payload, qos, dup, retain }: ServerPublish, packetId = 0) {
      sent.push(
        [`${topic}=${payload}`, `qos ${qos}`, `id ${packetId}`, dup && 'dup', retain && 'retained'].filter(Boolean).join(' '),
      );
      return packetId;
    },
    release: (packetId) => sent.push(`release ${packetId}`),
    complete: (packetId) => sent.push(`complete ${packetId}`),
  });
  return sent;
}

for (const kind of testDatabases()) {
  describe(`the broker on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    function setUp() {
      const hub = `hub-${++made}`;
      const platform = testPlatform();
      return { platform, open: (limits = brokerLimits) => Broker.open(platform, database, hub, limits) };
    }

    const subscribe = (broker: Broker, session: BrokerSession, filter: string, qos: 0 | 1 | 2) =>
      broker.subscribe(session, [{ filter, qos }]);

    const message = (topic: string, body: string, qos: 0 | 1 | 2 = 1) => ({ topic, payload: Buffer.from(body), qos });

    test('what the journal says is written is found again by the next process', async () => {
      const { open } = setUp();
      const first = await open();
      const { session } = first.begin(callerOf('a'), false);
      subscribe(first, session, 't/#', 2);
      assert.equal(first.publish(message('t/1', 'one'), false), 'kept');
      assert.equal(first.publish(message('t/2', 'two', 2), true), 'kept');
      assert.equal(first.publish(message('elsewhere', 'x'), false), 'passed');
      await first.journal.written();
      const second = await open();
      const found = second.begin(callerOf('a'), false);
      assert.equal(found.isPresent, true);
      assert.deepEqual([...found.session.subscriptions], [['t/#', 2]]);
      const sent = attach(found.session);
      assert.deepEqual(sent, ['t/1=one qos 1 id 1 dup', 't/2=two qos 2 id 2 dup']);
      const other = second.begin(callerOf('b'), true).session;
      const heard = attach(other);
      second.sendRetained(other, [{ filter: '#', qos: 1 }], subscribe(second, other, '#', 1));
      assert.deepEqual(heard, ['t/2=two qos 1 id 1 retained']);
      // Numbers go on where they were, so that no packet id means two messages.
      second.publish(message('t/3', 'three'), false);
      await second.journal.written();
      await settled();
      assert.equal(sent[2], 't/3=three qos 1 id 3');
    });

    test('what was acknowledged, cleared or released is gone for the next process too', async () => {
      const { open } = setUp();
      const first = await open();
      const { session } = first.begin(callerOf('a'), false);
      subscribe(first, session, 't', 2);
      const sent = attach(session);
      for (const qos of [1, 2, 2] as const) first.publish(message('t', `q${qos}`, qos), true);
      await first.journal.written();
      await settled();
      assert.equal(sent.length, 3);
      session.acknowledged(1);
      session.received(2);
      session.received(3);
      session.acknowledged(3);
      session.take(7);
      session.take(8);
      session.released(8);
      first.publish(message('t', '', 0), true);
      await first.journal.written();
      const found = (await open()).begin(callerOf('a'), false).session;
      assert.deepEqual(attach(found), ['release 2']);
      assert.equal(found.hasTaken(7), true);
      assert.equal(found.hasTaken(8), false);
      const third = await open();
      third.sendRetained(found, [{ filter: 't', qos: 1 }], [1]);
      assert.deepEqual(attach(third.begin(callerOf('b'), true).session), []);
    });

    test('a message is not sent before it is on disk, and is then', async () => {
      const { open } = setUp();
      const broker = await open();
      const { session } = broker.begin(callerOf('a'), false);
      subscribe(broker, session, 't', 1);
      const sent = attach(session);
      broker.publish(message('t', 'x'), false);
      assert.deepEqual(sent, []);
      await broker.journal.written();
      await settled();
      assert.deepEqual(sent, ['t=x qos 1 id 1']);
    });

    test('a session that was discarded leaves nothing, and one of the same name begins anew', async () => {
      const { open } = setUp();
      const first = await open();
      const { session } = first.begin(callerOf('a'), false);
      subscribe(first, session, 't', 1);
      first.publish(message('t', 'old'), false);
      await first.journal.written();
      first.begin(callerOf('a'), true);
      const again = first.begin(callerOf('a'), false);
      assert.equal(again.isPresent, false);
      subscribe(first, again.session, 't', 1);
      first.publish(message('t', 'new'), false);
      await first.journal.written();
      const found = (await open()).begin(callerOf('a'), false);
      assert.deepEqual(attach(found.session), ['t=new qos 1 id 1 dup']);
    });

    test('a device of another generation finds no session of the old one', async () => {
      const { open } = setUp();
      const first = await open();
      subscribe(first, first.begin(callerOf('a'), false).session, 't', 1);
      await first.journal.written();
      const second = await open();
      const { session, isPresent } = second.begin(callerOf('a', 'g2'), false);
      assert.equal(isPresent, false);
      assert.equal(session.subscriptions.size, 0);
      assert.equal(second.publish(message('t', 'x'), false), 'passed');
    });

    test('topics longer than an index takes are kept', async () => {
      const { open } = setUp();
      const topic = `long/${'ä'.repeat(20_000)}`;
      const first = await open();
      first.publish(message(topic, 'x'), true);
      await first.journal.written();
      const second = await open();
      const { session } = second.begin(callerOf('a'), true);
      const sent = attach(session);
      second.sendRetained(session, [{ filter: 'long/+', qos: 0 }], [0]);
      assert.equal(sent.length, 1);
    });

    test('[MQTT-3.3.5-1] one packet finds a retained message once, with the largest QoS of its filters', async () => {
      const broker = await setUp().open();
      for (let i = 0; i < 10; i++) broker.publish(message(`t/${i}`, 'x', 2), true);
      const { session } = broker.begin(callerOf('a'), true);
      const sent = attach(session);
      const filters = Array.from({ length: 99 }, () => ({ filter: '#', qos: 0 as const }));
      const asked = [...filters, { filter: 't/7', qos: 1 as const }];
      broker.sendRetained(session, asked, broker.subscribe(session, asked));
      assert.equal(sent.length, 10);
      assert.deepEqual(
        sent.filter((text) => text.startsWith('t/7')),
        ['t/7=x qos 1 id 1 retained'],
      );
    });

    test('clients that are away fill what may wait in all, and who is here is served all the same', async () => {
      const broker = await setUp().open({ ...brokerLimits, queuedBytesMax: 1_000 });
      for (const away of ['a', 'b']) {
        const { session } = broker.begin(callerOf(away), false);
        assert.deepEqual(subscribe(broker, session, 't', 1), [1]);
        broker.end(session);
      }
      for (let i = 0; i < 100; i++) broker.publish(message('t', 'x'.repeat(99)), false);
      const { session } = broker.begin(callerOf('here'), true);
      const sent = attach(session);
      assert.deepEqual(subscribe(broker, session, '#', 1), [1]);
      for (let i = 0; i < 20; i++) broker.publish(message(`u/${i}`, 'y'.repeat(99)), false);
      assert.equal(sent.length, 20);
      // But nobody may add all that is retained to it.
      for (const topic of ['r/1', 'r/2']) broker.publish(message(topic, 'z'.repeat(ownShareBytes / 2)), true);
      const other = broker.begin(callerOf('other'), true).session;
      attach(other);
      const asked = [{ filter: 'r/1', qos: 0 } as const, { filter: 'r/+', qos: 0 } as const];
      assert.deepEqual(broker.subscribe(other, asked), [0, subscriptionRefused]);
    });

    test('the filters of a session have so many levels together, and room again when one goes', async () => {
      const broker = await setUp().open();
      const { session } = broker.begin(callerOf('a'), true);
      const filter = (i: number) => `${i}${'/x'.repeat(topicLevelsMax - 1)}`;
      const granted = sessionLevelsMax / topicLevelsMax;
      for (let i = 0; i < granted; i++) assert.deepEqual(subscribe(broker, session, filter(i), 0), [0]);
      assert.deepEqual(subscribe(broker, session, 'a', 0), [subscriptionRefused]);
      assert.deepEqual(subscribe(broker, session, filter(0), 1), [1]);
      broker.unsubscribe(session, [filter(0)]);
      assert.deepEqual(subscribe(broker, session, 'a', 0), [0]);
    });
  });
}
