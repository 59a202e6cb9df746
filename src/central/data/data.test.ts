import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { instant, plus } from '#base/instant.ts';
// The log as the server opens it; Central itself only knows the hub's front.
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { openDatabase } from '#storage/database.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { rawResponseSchema } from '../contract/ui-data.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import { buildData, type Data, type DataOptions } from './data.ts';
import type { DataEngine, DeviceValues } from './data-engine.ts';
import { Ingest } from './ingest.ts';
import { ThreadEngine } from './thread-engine.ts';

const model: DeviceModel = {
  id: 'dtmi:test:room;1',
  displayName: 'Room',
  telemetry: [
    { name: 'Temperature', displayName: 'Temperature', schema: 'double' },
    { name: 'Humidity', displayName: 'Humidity', schema: 'double' },
  ],
  properties: [{ name: 'StatusLED', displayName: 'Status LED', schema: 'boolean', writable: true }],
  commands: [],
};

const start = instant(Date.UTC(2026, 5, 1));
const all = { names: ['Temperature'], from: start, to: plus(start, 86_400_000), points: 1_000 };

/** A log on a disk in memory, with a way to append as the hub does. */
async function openLog(disk = new CrashDisk(), platform = testPlatform()) {
  const events = await SegmentEvents.open(platform, { directory: '/log', files: disk, segmentBytes: 20_000 });
  /** With `moduleId`, what a module of the device sent. */
  const send = (
    deviceId: string,
    body: string | object,
    bag = '',
    source: 'Telemetry' | 'twinChangeEvents' = 'Telemetry',
    moduleId?: string,
  ) =>
    new Promise<void>((resolve, reject) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const system = Buffer.alloc(0);
      const event = { source, deviceId, moduleId, enqueuedAt: platform.clock.now(), bag, system, body: Buffer.from(text) };
      events.append(event, (problem) => (problem ? reject(problem) : resolve()));
    });
  return { platform, disk, events, send };
}

/** Templates that stay as they are. */
function modelsOf(modelOf: DataOptions['models']['modelOf']): DataOptions['models'] {
  return { modelOf, onModelChange: () => () => {} };
}

/** Resolves with the first values for which `wanted` holds. */
function values(data: Data, wanted: (values: DeviceValues) => boolean): Promise<DeviceValues> {
  const { promise, resolve } = Promise.withResolvers<DeviceValues>();
  const cancel = data.onValues((one) => {
    if (!wanted(one)) return;
    cancel();
    resolve(one);
  });
  return promise;
}

for (const kind of testDatabases()) {
  describe(`data of devices on ${kind.name}`, () => {
    async function open(more: Partial<DataOptions> = {}) {
      const { database, url, close } = await kind.open();
      const log = await openLog();
      const options = {
        platform: log.platform,
        database,
        databaseUrl: url,
        events: log.events,
        models: modelsOf(async () => model),
        ...more,
      };
      const data = await buildData(options);
      await data.start();
      const stop = async () => {
        await data.stop();
        await log.events.close();
        await close();
      };
      return { ...log, data, options, stop };
    }

    test('central 41: a message is in raw data, series and live values as soon as it is durable, without asking twice', async () => {
      const { data, send, platform, stop } = await open();
      const live = values(data, ({ deviceId }) => deviceId === 'dev-1');
      await send('dev-1', { Temperature: 21.5, pressure: 5 });
      const [series] = await data.series('dev-1', all);
      assert.deepEqual(series, { name: 'Temperature', points: [[platform.clock.now(), 21.5]] });
      const raw = await data.raw('dev-1', { limit: 10 });
      assert.equal(raw.value.length, 1);
      assert.deepEqual(raw.value[0]?.modeled, { Temperature: { value: 21.5 } });
      assert.deepEqual(raw.value[0]?.unmodeled, { pressure: { value: 5, reason: 'field not in template' } });
      assert.deepEqual(await live, {
        deviceId: 'dev-1',
        points: [{ name: 'Temperature', at: platform.clock.now(), value: 21.5 }],
      });
      assert.equal((await data.lastKnown('dev-1', 'Temperature'))?.value, 21.5);
      await stop();
    });

    test('what a module sends is read past: it is not its device’s', async () => {
      const { data, send, stop } = await open();
      await send('dev-1', { Temperature: 20 });
      await send('dev-1', { Temperature: 99 }, '', 'Telemetry', 'm');
      await send('dev-1', { properties: { reported: { StatusLED: true } } }, 'opType=updateTwin', 'twinChangeEvents', 'm');
      assert.equal((await data.lastKnown('dev-1', 'Temperature'))?.value, 20);
      assert.equal((await data.raw('dev-1', { limit: 10 })).value.length, 1);
      assert.equal(await data.lastKnown('dev-1', 'StatusLED'), undefined);
      await send('dev-1', { Temperature: 21 });
      assert.equal((await data.lastKnown('dev-1', 'Temperature'))?.value, 21);
      await stop();
    });

    test('central 43: the strings of an older device are charted and marked as coerced; other strings are a type mismatch', async () => {
      const { data, send, stop } = await open();
      await send('dev-1', '{ "Temperature": "23.46" }');
      await send('dev-1', '{ "Temperature": "warm" }');
      const [series] = await data.series('dev-1', all);
      assert.deepEqual(
        series?.points.map((point) => point[1]),
        [23.46],
      );
      const raw = await data.raw('dev-1', { limit: 10 });
      assert.deepEqual(raw.value[1]?.modeled, { Temperature: { value: 23.46, coerced: true } });
      assert.deepEqual(raw.value[0]?.unmodeled, { Temperature: { value: 'warm', reason: 'type mismatch with schema' } });
      await stop();
    });

    test('raw data has every kind of message newest first, in pages, as the contract says', async () => {
      const { data, send, platform, stop } = await open();
      for (let i = 0; i < 25; i++) {
        platform.clock.advance(1_000);
        await send('other', { Temperature: -i });
        await send('dev-1', { Temperature: i }, 'color=blue&%24.ct=application%2Fjson&flag');
      }
      await send('dev-1', { version: 2, properties: { reported: { StatusLED: true } } }, '', 'twinChangeEvents');
      await send('dev-1', '\u00ff{', 'iothub-creation-time-utc=2026-05-01T10%3A00%3A00Z');
      const seen: string[] = [];
      let pages = 0;
      for (let before: string | undefined; ; pages++) {
        const page = rawResponseSchema.parse(await data.raw('dev-1', { limit: 10, ...(before === undefined ? {} : { before }) }));
        seen.push(...page.value.map(({ position }) => position));
        if (pages === 0) {
          const [broken, property, telemetry] = page.value;
          assert.equal(broken?.at, '2026-05-01T10:00:00.000Z');
          assert.equal(broken?.unmodeled.$body?.reason, 'malformed JSON');
          assert.equal(property?.messageType, 'Property');
          assert.deepEqual(property?.modeled, { StatusLED: { value: true } });
          assert.equal(telemetry?.properties.color, 'blue');
          assert.equal(telemetry?.properties.flag, '');
          assert.equal(telemetry?.properties['content-type'], 'application/json');
          assert.equal(telemetry?.body, '{"Temperature":24}');
        }
        if (page.next === undefined) break;
        before = page.next;
      }
      assert.equal(pages, 2);
      assert.equal(seen.length, 27);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => Number(b) - Number(a)),
      );
      for (const before of ['', 'x', '-1', '1e9', '99999999999999999999']) {
        await assert.rejects(data.raw('dev-1', { before, limit: 5 }), { code: 'argument-invalid' }, before);
      }
      assert.deepEqual(await data.raw('nobody', { limit: 5 }), { value: [] });
      await stop();
    });

    test('a body that is no text comes as base64', async () => {
      const { data, events, platform, stop } = await open();
      const event = {
        source: 'Telemetry',
        deviceId: 'd',
        enqueuedAt: platform.clock.now(),
        bag: '',
        system: Buffer.alloc(0),
      } as const;
      await new Promise((resolve) => events.append({ ...event, body: Buffer.from([0xff, 0x00, 0x80]) }, resolve));
      const [row] = (await data.raw('d', { limit: 1 })).value;
      assert.equal(row?.body, '/wCA');
      assert.equal(row?.bodyEncoding, 'base64');
      await stop();
    });

    test('after a stop and a start everything is there once, what was sent in between included', async () => {
      const { data, send, options, stop } = await open();
      for (let i = 0; i < 30; i++) await send('dev-1', { Temperature: i });
      await data.stop();
      for (let i = 30; i < 60; i++) await send('dev-1', { Temperature: i });
      const again = await buildData(options);
      await again.start();
      const [series] = await again.series('dev-1', all);
      assert.deepEqual(
        series?.points.map((point) => point[1]),
        Array.from({ length: 60 }, (_, i) => i),
      );
      assert.equal((await again.raw('dev-1', { limit: 100 })).value.length, 60);
      await again.stop();
      await stop();
    });

    test('a data thread that dies is replaced, and nothing is lost or doubled', async () => {
      let kill: (error: unknown) => void = () => {};
      let makes = 0;
      const { database, url, close } = await kind.open();
      const { platform, events, send } = await openLog();
      const data = await buildData({
        platform,
        database,
        databaseUrl: url,
        events,
        models: modelsOf(async () => model),
        makeEngine: (onEnd) => {
          makes++;
          const engine: DataEngine = new Ingest(platform, database);
          kill = onEnd;
          return engine;
        },
      });
      await data.start();
      for (let i = 0; i < 20; i++) await send('dev-1', { Temperature: i });
      await data.series('dev-1', all);
      kill(new Error('out of memory'));
      await assert.rejects(data.lastKnown('dev-1', 'Temperature'), { code: 'unavailable' });
      const back = values(data, ({ points }) => points.some(({ value }) => value === 20));
      platform.clock.advance(1_000);
      await send('dev-1', { Temperature: 20 });
      await back;
      const [series] = await data.series('dev-1', all);
      assert.equal(series?.points.length, 21);
      assert.equal(makes, 2);
      await data.stop();
      await events.close();
      await close();
    });

    test('a template that a device gets later counts from then on', async () => {
      let known: DeviceModel | undefined;
      let change = () => {};
      const { data, send, stop } = await open({
        models: {
          modelOf: async () => known,
          onModelChange(listener) {
            change = () => listener('dev-1');
            return () => {};
          },
        },
      });
      await send('dev-1', { Temperature: 1 });
      await data.series('dev-1', all);
      known = model;
      change();
      await send('dev-1', { Temperature: 2 });
      const [series] = await data.series('dev-1', all);
      assert.deepEqual(
        series?.points.map((point) => point[1]),
        [2],
      );
      const raw = await data.raw('dev-1', { limit: 5 });
      assert.deepEqual(raw.value[1]?.modeled, { Temperature: { value: 1 } }, 'raw data is read by the template of now');
      await stop();
    });
  });
}

describe('the data thread', () => {
  test('that dies by itself fails every call under way and says so', async () => {
    const { platform } = await openLog();
    const ended = Promise.withResolvers<unknown>();
    // A URL that is none throws while the thread starts, outside of any call.
    const engine = new ThreadEngine(platform.log, 5 as unknown as string, ended.resolve);
    await assert.rejects(engine.lastKnown('a', 'b'), { code: 'unavailable' });
    assert.ok(await ended.promise);
    await assert.rejects(engine.checkpoint(), { code: 'unavailable' });
  });

  test('answers a call that fails with the failure, and goes on', async () => {
    const { platform } = await openLog();
    const engine = new ThreadEngine(platform.log, `sqlite:${join(tmpdir(), 'homeport-none', 'x.db')}`, () => assert.fail());
    await assert.rejects(engine.lastKnown('a', 'b'), { code: 'unavailable' });
    await assert.rejects(engine.open({ start: 0, end: 0 }), { code: 'unavailable' });
    await engine.close().catch(() => undefined);
  });

  test('does the same work over a database file, and a restart goes on from it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'homeport-data-'));
    try {
      const databaseUrl = `sqlite:${join(directory, 'homeport.db')}`;
      const database = await openDatabase(databaseUrl);
      const { events, send, platform: manual } = await openLog();
      const platform = { ...manual, clock: systemClock };
      const options = { platform, database, databaseUrl, events, models: modelsOf(async () => model) };
      for (let life = 0; life < 2; life++) {
        const data = await buildData(options);
        await data.start();
        const live = values(data, ({ points }) => points.some(({ value }) => value === 10 * life + 9));
        for (let i = 0; i < 10; i++) await send('dev-1', { Temperature: 10 * life + i });
        await live;
        const [series] = await data.series('dev-1', all);
        assert.equal(series?.points.length, 10 * (life + 1));
        assert.equal((await data.raw('dev-1', { limit: 100 })).value.length, 10 * (life + 1));
        assert.equal((await data.lastKnown('dev-1', 'Temperature'))?.value, 10 * life + 9);
        await data.stop();
        await assert.rejects(data.lastKnown('dev-1', 'Temperature'), { code: 'unavailable' });
      }
      await events.close();
      await database.destroy();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
