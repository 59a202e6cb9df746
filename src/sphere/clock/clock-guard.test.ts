import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hourMs, minuteMs, plus } from '#base/instant.ts';
import { type Log, silentLog } from '#base/log.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { ClockGuard } from './clock-guard.ts';

for (const kind of testDatabases()) {
  describe(`clock guard on ${kind.name}`, () => {
    async function open(t: { after(fn: () => Promise<void>): void }) {
      const { database, close } = await kind.open();
      t.after(close);
      const events: string[] = [];
      const log: Log = { ...silentLog, error: (event) => events.push(event), info: (event) => events.push(event) };
      const platform = { ...testPlatform(), log };
      return { database, platform, events, guard: new ClockGuard(platform, database) };
    }

    test('sphere 74: the mark outlives a restart, and time stands at it until the clock has caught up', async (t) => {
      const { database, platform, guard } = await open(t);
      const mark = platform.clock.now();
      await guard.raise(database, mark);
      platform.clock.setWallClock(plus(mark, -hourMs));
      const restarted = new ClockGuard(platform, database);
      assert.equal(await restarted.trustedNow(), mark);
      await assert.rejects(restarted.requireClock(), { code: 'unavailable', reason: 'clock-guard' });
      platform.clock.setWallClock(plus(mark, -2 * minuteMs));
      await restarted.requireClock();
      platform.clock.setWallClock(plus(mark, 1));
      assert.equal(await restarted.trustedNow(), plus(mark, 1));
    });

    test('the mark only rises', async (t) => {
      const { database, platform, guard } = await open(t);
      const mark = platform.clock.now();
      assert.equal(await guard.loadMark(), 0);
      for (const ms of [0, -hourMs, 5, -1]) await guard.raise(database, plus(mark, ms));
      assert.equal(await guard.loadMark(), plus(mark, 5));
    });

    test('sphere 74: the alarm is raised once when the clock falls behind and once when it is right again', async (t) => {
      const { database, platform, guard, events } = await open(t);
      const mark = platform.clock.now();
      await guard.raise(database, mark);
      platform.clock.setWallClock(plus(mark, -hourMs));
      for (let i = 0; i < 3; i++) await guard.loadMark();
      assert.deepEqual(events, ['clock.behind']);
      platform.clock.setWallClock(mark);
      for (let i = 0; i < 3; i++) await guard.loadMark();
      assert.deepEqual(events, ['clock.behind', 'clock.recovered']);
    });
  });
}
