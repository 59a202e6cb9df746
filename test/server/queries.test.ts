import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { Queries } from '#hub/query/queries.ts';
import { twinSource } from '#hub/query/twin-source.ts';
import { openDatabase, openForQueries } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const scale = isFullSize ? 100_000 : 2_000;
const rounds = isFullSize ? 200 : 8;
const scans = isFullSize ? 5 : 1;
const changesPerSecond = 500;
/** Devices have one of these sites, by their number; none ever moves. */
const sites = scale / 200;

const idOf = (number: number): string => `device-${String(number).padStart(6, '0')}`;
const numbers = Array.from({ length: scale }, (_, number) => number);
const isDisabled = (number: number): boolean => number % 7 === 0;

/** PostgreSQL, and SQLite in a file: in memory it would have no disk to wait for. */
const databases = testDatabases().map(({ name, open }) => ({
  name,
  async open() {
    if (name !== 'sqlite') return open();
    const folder = mkdtempSync(join(tmpdir(), 'homeport-queries-'));
    const url = `sqlite:${join(folder, 'homeport.db')}`;
    const database = await openDatabase(url);
    const close = async () => {
      await database.destroy();
      rmSync(folder, { recursive: true, force: true });
    };
    return { database, url, close };
  },
}));

/**
 * Goal: queries stay fast and right on a large hub whose twins change all the time.
 * Method: a hub of that size; 500 patches a second, nine in ten of what devices report and one of a tag; meanwhile each query
 * again and again, its answer compared with what was put in. Figures are printed, not judged: machines differ.
 */
for (const { name, open } of databases) {
  describe(`queries over ${scale} devices on ${name}`, () => {
    test('hub-service 47: a page by a tag, a count by status and one device, while twins change', async (t) => {
      const { database, url, close } = await open();
      const reader = openForQueries(url, database);
      const { registry, twins, presence } = hubRooms(database);
      const cloudToDevice = { countMany: async () => new Map<string, number>() };
      const source = twinSource({ database: reader.database, hub: 'home', presence, cloudToDevice }, false);
      const queries = new Queries(new Map([['devices', source]]));
      const began = performance.now();
      for (let from = 0; from < scale; from += 100) {
        const created = await registry.createMany(numbers.slice(from, from + 100).map(newDevice));
        assert.ok(created.every((each) => !(each instanceof Problem)));
      }
      say(t, `${scale} devices created, a hundred in a call, in ${((performance.now() - began) / 1000).toFixed(1)} s`);

      const delay = monitorEventLoopDelay({ resolution: 5 });
      const load = changeTwins(twins);
      delay.enable();
      const timings = new Map<string, number[]>();
      async function ask(what: string, text: string, items = 100): Promise<readonly JsonObject[]> {
        const before = performance.now();
        const { items: rows } = await queries.run(text, { items });
        const of = timings.get(what) ?? [];
        of.push(performance.now() - before);
        timings.set(what, of);
        return rows;
      }
      for (let round = 0; round < rounds; round++) {
        const site = (round * 31) % sites;
        const page = await ask('page of 100 by a tag', `SELECT * FROM devices WHERE tags.site = 'site-${site}'`);
        const wanted = numbers.filter((number) => number % sites === site).slice(0, 100);
        assert.deepEqual(
          page.map(({ deviceId }) => deviceId),
          wanted.map(idOf),
        );

        const disabled = numbers.filter(isDisabled).length;
        assert.deepEqual(await ask('count by status', 'SELECT status, COUNT() AS n FROM devices GROUP BY status'), [
          { status: 'disabled', n: disabled },
          { status: 'enabled', n: scale - disabled },
        ]);

        const deviceId = idOf((round * 7_919) % scale);
        await twins.patchTags(deviceId, { round });
        const [one] = await ask('one device', `SELECT * FROM devices WHERE deviceId = '${deviceId}'`);
        assert.ok(one);
        assert.deepEqual([one.deviceId, (one.tags as JsonObject).round], [deviceId, round]);
        const [same] = await ask('one device by a tag just written', `SELECT deviceId FROM devices WHERE tags.round = ${round}`);
        assert.equal(same?.deviceId, deviceId);
      }
      for (let scan = 0; scan < scans; scan++) {
        const wanted = numbers.filter((number) => number % 1_000 === scan).length;
        const rare = await ask(
          'count by a desired property, every device looked at',
          `SELECT COUNT() AS n FROM devices WHERE properties.desired.slot = ${scan}`,
        );
        assert.deepEqual(rare, [{ n: wanted }]);
        const byKind = await ask(
          'count by a tag, every device looked at',
          'SELECT tags.kind, COUNT() AS n FROM devices GROUP BY tags.kind',
        );
        assert.deepEqual(
          byKind,
          ['a', 'b', 'c', 'd'].map((kind) => ({ kind, n: scale / 4 })),
        );
      }
      const { perSecond } = await load.stop();
      delay.disable();
      say(t, `${perSecond.toFixed(0)} twins changed per second meanwhile, of ${changesPerSecond} asked for`);
      for (const [what, of] of timings)
        say(t, `${what}: median ${quantile(of, 0.5)} ms, 95th percentile ${quantile(of, 0.95)} ms`);
      say(
        t,
        `nothing else ran for at most ${(delay.max / 1e6).toFixed(0)} ms, 99th percentile ${(delay.percentile(99) / 1e6).toFixed(0)} ms`,
      );
      assert.ok(load.changed() > 0);
      await reader.close();
      await close();
    });
  });

  function say(t: TestContext, text: string): void {
    t.diagnostic(`${name}: ${text}`);
  }
}

function newDevice(number: number) {
  return {
    deviceId: idOf(number),
    authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA },
    isEnabled: !isDisabled(number),
    initialTwin: {
      tags: { site: `site-${number % sites}`, kind: 'abcd'.charAt(number % 4), floor: number % 10 },
      desired: { slot: number % 1_000, interval: 60, mode: { name: 'eco', level: number % 3 } },
    },
  } as const;
}

/** As many changes as are asked for, as far as the database keeps up. */
function changeTwins(twins: ReturnType<typeof hubRooms>['twins']) {
  const inFlightMax = 64;
  const began = performance.now();
  let asked = 0;
  let changed = 0;
  let isOver = false;
  let failure: unknown;
  const change = (number: number): Promise<unknown> => {
    const deviceId = idOf((number * 104_729) % scale);
    return number % 10 === 0
      ? twins.patchTags(deviceId, { floor: number % 11 })
      : twins.patchReported(deviceId, { temperature: number });
  };
  const loop = (async () => {
    while (!isOver) {
      const due = ((performance.now() - began) / 1000) * changesPerSecond;
      while (asked < due && asked - changed < inFlightMax) {
        void change(asked++).then(
          () => {
            changed += 1;
          },
          (error: unknown) => {
            failure = error;
            isOver = true;
          },
        );
      }
      await pause(5);
    }
  })();
  return {
    changed: () => changed,
    async stop() {
      isOver = true;
      await loop;
      await twins.idle();
      if (failure) throw failure;
      return { perSecond: (changed / (performance.now() - began)) * 1000 };
    },
  };
}

function quantile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN).toFixed(1);
}
