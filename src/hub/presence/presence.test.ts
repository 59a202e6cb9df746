import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs, instant, plus } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms } from '#test/support/hub-rooms.ts';
import { liveSession } from '#test/support/live-session.ts';
import type { PresenceChange } from './presence.ts';

for (const kind of testDatabases()) {
  describe(`presence on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    const rooms = (hub = `hub-${++made}`) => ({ ...hubRooms(database, hub), hub });

    test('the states of a page of devices are those of each one, written or not', async () => {
      const { presence } = rooms();
      liveSession(presence, 'gone');
      presence.drop('gone', 'device-disabled');
      liveSession(presence, 'deleted');
      presence.drop('deleted', 'device-deleted');
      await presence.flush();
      liveSession(presence, 'here');
      presence.forget('deleted');
      const states = await presence.loadMany(['gone', 'here', 'never', 'deleted']);
      assert.deepEqual([...states.keys()].sort(), ['gone', 'here']);
      for (const [deviceId, state] of states) assert.deepEqual(state, await presence.load(deviceId));
      assert.equal((await presence.loadMany([])).size, 0);
    });

    test('a newer session ends the older one, and the events leave in that order', () => {
      const { presence, log } = rooms();
      const changes: PresenceChange[] = [];
      presence.onChange((change) => changes.push(change));
      const first = liveSession(presence, 'd');
      const second = liveSession(presence, 'd');
      assert.deepEqual(first.closed, ['newer-connection']);
      assert.deepEqual(second.closed, []);
      assert.deepEqual(
        changes.map(({ isConnected, cause }) => [isConnected, cause]),
        [
          [true, undefined],
          [false, 'newer-connection'],
          [true, undefined],
        ],
      );
      assert.deepEqual(log.operations('deviceConnectionStateEvents'), [
        'deviceConnected',
        'deviceDisconnected',
        'deviceConnected',
      ]);
    });

    test('a listener that throws harms neither the session nor the other listeners', () => {
      const { presence } = rooms();
      const heard: string[] = [];
      presence.onChange(() => {
        throw new Error('broken');
      });
      presence.onChange(({ identity }) => heard.push(identity));
      liveSession(presence, 'd');
      assert.equal(presence.isConnected('d'), true);
      assert.deepEqual(heard, ['d']);
    });

    test('what an older session reports late changes nothing', () => {
      const { presence, log } = rooms();
      const first = liveSession(presence, 'd');
      liveSession(presence, 'd');
      assert.equal(presence.ended(first.session, 'connection-lost'), false);
      assert.equal(presence.isConnected('d'), true);
      assert.equal(log.events.length, 3);
    });

    test('sequence numbers grow over changes and over a restart, as text of one width', async () => {
      const { presence, clock, hub, log } = rooms();
      for (let i = 0; i < 20; i++) {
        const { session } = liveSession(presence, 'd');
        presence.ended(session, 'disconnect');
      }
      clock.advance(1000);
      await presence.flush();
      const again = rooms(hub);
      // The second process has a clock that was set back by a day.
      again.clock.setWallClock(plus(clock.now(), -24 * hourMs));
      await again.presence.start();
      liveSession(again.presence, 'd');
      const numbers = [...log.events, ...again.log.events].map(
        (event) => (event.body as { sequenceNumber: string }).sequenceNumber,
      );
      assert.equal(numbers.length, 41);
      assert.ok(numbers.every((number) => /^[0-9A-F]{64}$/.test(number)));
      assert.deepEqual(numbers, [...numbers].sort());
      assert.equal(new Set(numbers).size, 41);
    });

    test('a state outlives the process; whoever was connected when it died is disconnected', async () => {
      const { presence, clock, hub } = rooms();
      liveSession(presence, 'stays');
      const gone = liveSession(presence, 'gone');
      presence.ended(gone.session, 'keep-alive-timeout');
      await presence.flush();
      const since = clock.now();
      const again = rooms(hub);
      again.clock.advance(5000);
      await again.presence.start();
      assert.deepEqual(again.log.operations('deviceConnectionStateEvents'), ['deviceDisconnected']);
      const stayed = await again.presence.load('stays');
      assert.deepEqual([stayed?.isConnected, stayed?.cause, stayed?.since], [false, 'hub-failed', instant(since + 5000)]);
      const left = await again.presence.load('gone');
      assert.deepEqual([left?.isConnected, left?.cause, left?.since], [false, 'keep-alive-timeout', since]);
      assert.equal(await again.presence.load('never'), undefined);
      await again.presence.stop();
    });

    test('many changes become few writes, and reads never see an older state meanwhile', async () => {
      const { presence, clock } = rooms();
      const { session } = liveSession(presence, 'd');
      assert.equal((await presence.load('d'))?.isConnected, true);
      presence.ended(session, 'connection-lost');
      assert.equal((await presence.load('d'))?.cause, 'connection-lost');
      clock.advance(100);
      await presence.flush();
      assert.equal((await presence.load('d'))?.cause, 'connection-lost');
    });

    test('stopping ends every session', async () => {
      const { presence } = rooms();
      await presence.start();
      const sessions = ['a', 'b'].map((id) => liveSession(presence, id));
      await presence.stop();
      assert.deepEqual(
        sessions.map((session) => session.closed),
        [['hub-stopped'], ['hub-stopped']],
      );
      assert.equal(presence.connectedCount, 0);
    });

    test('sessions can be ended by what they rest on', () => {
      const { presence } = rooms();
      const [a, b] = ['a', 'b'].map((id) => liveSession(presence, id));
      presence.dropWhere((caller) => caller.deviceId === 'b', 'credential-changed');
      assert.deepEqual([a?.closed, b?.closed], [[], ['credential-changed']]);
    });

    test('sphere 46: a session whose certificate expires is ended within 60 s of expiry and not before', async () => {
      const { presence, clock } = rooms();
      await presence.start();
      const start = clock.now();
      const expiries = [0, 1, 19_999, 20_000, 20_001, 33_333, 59_999].map((ms) => plus(start, hourMs + ms));
      const entries = expiries.map((at, i) => ({ at, ...liveSession(presence, `d${i}`, at), closedAt: 0 }));
      const forever = liveSession(presence, 'forever');
      while (clock.now() < start + hourMs + 200_000) {
        clock.advance(100);
        for (const entry of entries) if (entry.closed.length > 0) entry.closedAt ||= clock.now();
      }
      for (const { at, closed, closedAt } of entries) {
        assert.deepEqual(closed, ['credential-expired']);
        assert.ok(closedAt >= at, 'not before');
        assert.ok(closedAt - at <= 60_000, `${closedAt - at} ms late`);
      }
      assert.deepEqual(forever.closed, []);
      await presence.stop();
    });

    test('a session that ended is forgotten by the wheel', async () => {
      const { presence, clock } = rooms();
      await presence.start();
      const { session, closed } = liveSession(presence, 'd', plus(clock.now(), 1000));
      presence.ended(session, 'disconnect');
      clock.advance(120_000);
      assert.deepEqual(closed, []);
      await presence.stop();
    });
  });
}
