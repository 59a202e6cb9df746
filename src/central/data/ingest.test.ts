import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant, plus } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import type { IngestBatch } from './data-engine.ts';
import { Ingest } from './ingest.ts';
import type { Message } from './message.ts';

const model: DeviceModel = {
  id: 'dtmi:test:room;1',
  displayName: 'Room',
  telemetry: [
    { name: 'temperature', displayName: 'Temperature', schema: 'double' },
    { name: 'moved', displayName: 'Moved', schema: 'boolean' },
    { name: 'note', displayName: 'Note', schema: 'string' },
  ],
  properties: [],
  commands: [],
};

const start = instant(Date.UTC(2026, 5, 1));
const wide = { from: instant(0), to: plus(start, 1e12), points: 100_000 };

/** Messages as the log would give them: 100 bytes apart. */
class Sender {
  readonly sent: Message[] = [];

  send(deviceId: string, body: JsonObject, more: Partial<Message> = {}): Message {
    const position = 100 * this.sent.length;
    const message: Message = {
      position,
      next: position + 100,
      source: 'Telemetry',
      deviceId,
      enqueuedAt: plus(start, 1_000 * this.sent.length),
      body: Buffer.from(JSON.stringify(body)),
      ...more,
    };
    this.sent.push(message);
    return message;
  }

  batch(from = 0, to = this.sent.length): IngestBatch {
    const messages = this.sent.slice(from, to);
    const devices = new Set(messages.map(({ deviceId }) => deviceId));
    return { messages, models: [[1, model]], assignments: [...devices].map((deviceId) => [deviceId, 1] as const) };
  }

  get end(): number {
    return 100 * this.sent.length;
  }
}

async function openIngest(database: Database, log = { start: 0, end: 1e9 }, platform = testPlatform()) {
  const ingest = new Ingest(platform, database);
  const position = await ingest.open(log);
  return { ingest, position, platform };
}

async function pointsOf(ingest: Ingest, deviceId: string, name: string) {
  const [series] = await ingest.series(deviceId, { ...wide, names: [name] });
  return (series?.points ?? []).filter((point) => point[1] !== null);
}

for (const kind of testDatabases()) {
  describe(`ingest on ${kind.name}`, () => {
    test('puts modeled numbers and booleans into series and leaves the rest out', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      sender.send('a', { temperature: 20.5, moved: true, note: 'x', other: 7 });
      sender.send('a', { temperature: '21.25', moved: false });
      sender.send('b', { temperature: 'warm' });
      const values = await ingest.ingest(sender.batch());
      assert.deepEqual(await pointsOf(ingest, 'a', 'temperature'), [
        [start, 20.5],
        [start + 1_000, 21.25],
      ]);
      assert.deepEqual(await pointsOf(ingest, 'a', 'moved'), [
        [start, 1],
        [start + 1_000, 0],
      ]);
      for (const [device, name] of [
        ['a', 'note'],
        ['a', 'other'],
        ['b', 'temperature'],
        ['nobody', 'x'],
      ] as const) {
        assert.deepEqual(await pointsOf(ingest, device, name), []);
      }
      assert.deepEqual(
        values.map(({ deviceId, points }) => [deviceId, points.map(({ name, value }) => [name, value])]),
        [
          [
            'a',
            [
              ['temperature', 20.5],
              ['moved', true],
              ['note', 'x'],
              ['temperature', 21.25],
              ['moved', false],
            ],
          ],
        ],
      );
      await close();
    });

    test('each point is in its series exactly once whatever was saved before the end', async () => {
      const { database, close } = await kind.open();
      const random = seededRandom(kind.name);
      const sender = new Sender();
      for (let i = 0; i < 3_000; i++) sender.send(`d${i % 3}`, { temperature: i / 10 });
      let { ingest, position, platform } = await openIngest(database);
      for (let life = 0; position < sender.end; life++) {
        const from = position / 100;
        const to = Math.min(sender.sent.length, from + 200 + Math.floor(random.fraction() * 600));
        for (let at = from; at < to; at += 50) {
          await ingest.ingest(sender.batch(at, Math.min(to, at + 50)));
          if (random.fraction() < 0.2) await ingest.checkpoint();
        }
        if (life % 3 === 0 || to === sender.sent.length) await ingest.close();
        // A new one knows only what was saved, and says where to go on.
        ({ ingest, position, platform } = await openIngest(database));
        assert.ok(position <= to * 100);
      }
      assert.ok(platform);
      for (const device of [0, 1, 2]) {
        const points = await pointsOf(ingest, `d${device}`, 'temperature');
        assert.deepEqual(
          points.map((point) => point[1]),
          Array.from({ length: 1_000 }, (_, i) => (3 * i + device) / 10),
        );
        const positions = await ingest.positionsBefore(`d${device}`, Number.MAX_SAFE_INTEGER, 2_000);
        assert.deepEqual(
          positions,
          Array.from({ length: 1_000 }, (_, i) => 100 * (3 * (999 - i) + device)),
        );
      }
      const chunks = await database.selectFrom('central_chunk').select('count').execute();
      assert.equal(chunks.length, 9, 'three chunks a series: an open one is saved in its own place');
      await close();
    });

    test('a batch that comes again is passed over', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 20; i++) sender.send('a', { temperature: i });
      await ingest.ingest(sender.batch(0, 12));
      await ingest.ingest(sender.batch(5, 20));
      assert.equal((await pointsOf(ingest, 'a', 'temperature')).length, 20);
      await close();
    });

    test('late points are merged where they belong, before and after a save', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 400; i++) sender.send('a', { temperature: i });
      sender.send('a', { temperature: -1 }, { creationTime: '2026-06-01T00:01:40.500Z' });
      await ingest.ingest(sender.batch());
      const expected = [...Array.from({ length: 101 }, (_, i) => i), -1, ...Array.from({ length: 299 }, (_, i) => i + 101)];
      const values = async (one: Ingest) => (await pointsOf(one, 'a', 'temperature')).map((point) => point[1]);
      assert.deepEqual(await values(ingest), expected);
      await ingest.checkpoint();
      assert.deepEqual(await values(ingest), expected);
      assert.deepEqual(await values((await openIngest(database)).ingest), expected);
      await close();
    });

    test('a point from a clock far ahead does not make every later one a late one', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      sender.send('a', { temperature: 99 }, { creationTime: '2030-01-01T00:00:00Z' });
      for (let i = 0; i < 10; i++) sender.send('a', { temperature: i });
      await ingest.ingest(sender.batch());
      await ingest.checkpoint();
      assert.equal((await database.selectFrom('central_late_point').selectAll().execute()).length, 1);
      assert.equal((await pointsOf(ingest, 'a', 'temperature')).at(-1)?.[1], 99);
      await close();
    });

    test('the last known value is the newest by its own time, with its mark, also after a restart', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      sender.send('a', { temperature: 1 });
      sender.send('a', { temperature: '2.5', note: 'hello' });
      await ingest.ingest(sender.batch());
      await ingest.checkpoint();
      sender.send('a', { temperature: 7 }, { creationTime: '2020-01-01T00:00:00Z' });
      await ingest.ingest(sender.batch());
      const expected = { value: 2.5, at: instant(start + 1_000), isCoerced: true };
      assert.deepEqual(await ingest.lastKnown('a', 'temperature'), expected);
      await ingest.checkpoint();
      const again = (await openIngest(database)).ingest;
      assert.deepEqual(await again.lastKnown('a', 'temperature'), expected);
      assert.equal((await again.lastKnown('a', 'note'))?.value, 'hello');
      assert.equal(await again.lastKnown('a', 'other'), undefined);
      assert.equal(await again.lastKnown('b', 'temperature'), undefined);
      await close();
    });

    test('the message index pages backwards over memory and database', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 1_300; i++) {
        sender.send(i % 13 === 0 ? 'rare' : 'busy', {});
        if (i % 400 === 399) {
          await ingest.ingest(sender.batch());
          await ingest.checkpoint();
        }
      }
      await ingest.ingest(sender.batch());
      for (const [device, limit] of [
        ['busy', 7],
        ['busy', 500],
        ['rare', 30],
      ] as const) {
        const all: number[] = [];
        for (let before = Number.MAX_SAFE_INTEGER; ; ) {
          const page = await ingest.positionsBefore(device, before, limit);
          all.push(...page);
          before = page.at(-1) ?? before;
          if (page.length < limit) break;
        }
        const expected = sender.sent.filter(({ deviceId }) => deviceId === device).map(({ position }) => position);
        assert.deepEqual(all, expected.reverse(), `${device} by ${limit}`);
      }
      assert.deepEqual(await ingest.positionsBefore('nobody', 1e9, 5), []);
      await close();
    });

    test('a device that is deleted from the hub takes its data with it, and one of the same name starts empty', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 10; i++) sender.send(i % 2 ? 'a' : 'b', { temperature: i, note: 'x' });
      sender.send('a', {}, { source: 'deviceLifecycleEvents', operation: 'deleteDeviceIdentity' });
      sender.send('a', { temperature: 100 });
      await ingest.ingest(sender.batch());
      for (const one of [ingest, (await openIngest(database)).ingest]) {
        if (one !== ingest) await one.ingest(sender.batch());
        assert.deepEqual(
          (await pointsOf(one, 'a', 'temperature')).map((point) => point[1]),
          [100],
        );
        assert.equal((await pointsOf(one, 'b', 'temperature')).length, 5);
        assert.equal(await one.lastKnown('a', 'note'), undefined);
        assert.equal((await one.positionsBefore('a', 1e9, 10)).length, 1);
      }
      await close();
    });

    test('retention deletes old chunks, late points and pointers to what the log lost', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 1_100; i++) sender.send('a', { temperature: i });
      sender.send('a', { temperature: -1 }, { creationTime: '2026-05-01T00:00:00Z' });
      await ingest.ingest(sender.batch());
      await ingest.retain(plus(start, 800_000), 60_000);
      const points = await pointsOf(ingest, 'a', 'temperature');
      assert.equal(points[0]?.[1], 720, 'the first two chunks of 360 are gone, the third reaches over the edge');
      assert.equal(points.length, 380);
      const positions = await ingest.positionsBefore('a', 1e9, 2_000);
      assert.equal(positions.at(-1), 51_200);
      sender.send('a', { temperature: 5_000 });
      await ingest.ingest(sender.batch());
      assert.equal((await pointsOf(ingest, 'a', 'temperature')).length, 381, 'the open chunk goes on');
      await close();
    });

    test('saves by itself after a while, and what is saved is not read again', async () => {
      const { database, close } = await kind.open();
      const { ingest, platform } = await openIngest(database);
      const sender = new Sender();
      sender.send('a', { temperature: 1 });
      await ingest.ingest(sender.batch());
      assert.equal((await openIngest(database)).position, 0);
      platform.clock.advance(30_000);
      sender.send('a', { temperature: 2 });
      await ingest.ingest(sender.batch());
      assert.equal((await openIngest(database)).position, 200);
      await close();
    });

    test('a log that was made anew is read from its start, a log that lost its start from what it has', async () => {
      const { database, close } = await kind.open();
      const { ingest } = await openIngest(database);
      const sender = new Sender();
      for (let i = 0; i < 5; i++) sender.send('a', { temperature: i });
      await ingest.ingest(sender.batch());
      await ingest.close();
      assert.equal((await openIngest(database, { start: 300, end: 600 })).position, 500);
      assert.equal((await openIngest(database, { start: 700, end: 900 })).position, 700);
      const renewed = await openIngest(database, { start: 0, end: 200 });
      assert.equal(renewed.position, 0);
      assert.deepEqual(await renewed.ingest.positionsBefore('a', 1e9, 10), []);
      await close();
    });

    test('with saving impossible nothing is lost, and it goes on when saving works again', async () => {
      const { database, close } = await kind.open();
      let isBroken = false;
      const breaking = new Proxy(database, {
        get(target, name, receiver) {
          if (name === 'transaction' && isBroken) throw new Error('database or disk is full');
          const value = Reflect.get(target, name, receiver);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const { ingest, platform } = await openIngest(breaking);
      const sender = new Sender();
      for (let i = 0; i < 10; i++) {
        isBroken = i >= 3 && i < 8;
        platform.clock.advance(30_000);
        sender.send('a', { temperature: i });
        await ingest.ingest(sender.batch());
      }
      assert.equal((await pointsOf(ingest, 'a', 'temperature')).length, 10);
      const again = await openIngest(database);
      assert.equal(again.position, 1_000);
      assert.equal((await pointsOf(again.ingest, 'a', 'temperature')).length, 10);
      await close();
    });
  });
}
