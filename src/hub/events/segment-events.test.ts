import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatInstantTicks } from '#base/instant.ts';
import type { Problem } from '#base/problem.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { NewEvent, StoredEvent } from './event-log.ts';
import { encodeSystemProperties } from './event-record.ts';
import { partitionOf } from './partition.ts';
import { SegmentEvents, type SegmentEventsOptions } from './segment-events.ts';

const platform = testPlatform();
const system = encodeSystemProperties({ 'dt-dataschema': 'dtmi:a:b;1', 'iothub-connection-auth-method': '{"type":"x509"}' });

function openEvents(files: CrashDisk, options: Partial<SegmentEventsOptions> = {}) {
  const small = { segmentBytes: 4_000, blockBytes: 1_000, tailBytes: 0 };
  return SegmentEvents.open(platform, { directory: '/log', files, ...small, ...options });
}

function telemetry(deviceId: string, body: string, more: Partial<NewEvent> = {}): NewEvent {
  return { source: 'Telemetry', deviceId, enqueuedAt: platform.clock.now(), bag: '', system, body: Buffer.from(body), ...more };
}

function appendDurably(log: SegmentEvents, event: NewEvent): Promise<void> {
  return new Promise((resolve, reject) => log.append(event, (problem) => (problem ? reject(problem) : resolve())));
}

async function readAll(log: SegmentEvents): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let from = log.start; ; ) {
    const some = await log.read({ from, max: 7 });
    if (some.length === 0) return events;
    events.push(...some);
    from = some.at(-1)?.next ?? from;
  }
}

describe('event log on segments', () => {
  test('gives back everything the hub stamped and the device sent', async () => {
    const log = await openEvents(new CrashDisk());
    const bag = '%24.ct=application%2Fjson&%24.mid=7&%24.sub=thermostat&color=blue+&empty=&nothing&%24.cdid=liar&bad=%zz';
    const body = Buffer.from([0, 1, 2, 255]);
    await appendDurably(log, { ...telemetry('dev-1', ''), moduleId: 'mod', bag, body });
    const [event] = await log.read({ from: log.start, max: 10 });
    assert.ok(event);
    assert.equal(event.source, 'Telemetry');
    assert.equal(event.deviceId, 'dev-1');
    assert.equal(event.moduleId, 'mod');
    assert.equal(event.enqueuedAt, platform.clock.now());
    assert.equal(event.bag, bag);
    assert.deepEqual(event.body, body);
    assert.equal(event.partition, partitionOf('dev-1', 4));
    assert.equal(event.sequence, 1);
    assert.deepEqual({ ...event.properties().application }, { color: 'blue+', empty: '', nothing: null, bad: '%zz' });
    assert.deepEqual(
      { ...event.properties().system },
      {
        'content-type': 'application/json',
        'message-id': '7',
        'dt-subject': 'thermostat',
        'dt-dataschema': 'dtmi:a:b;1',
        'iothub-connection-auth-method': '{"type":"x509"}',
        'iothub-connection-device-id': 'dev-1',
        'iothub-connection-module-id': 'mod',
        'iothub-enqueuedtime': formatInstantTicks(platform.clock.now()),
        'iothub-message-source': 'Telemetry',
      },
    );
  });

  test('a device cannot claim what the session is known to be', async () => {
    const log = await openEvents(new CrashDisk());
    await appendDurably(log, telemetry('dev-1', '', { bag: 'iothub-connection-device-id=other&dt-dataschema=x&constructor=y' }));
    const [event] = await log.read({ from: 0, max: 1 });
    assert.equal(event?.properties().system['iothub-connection-device-id'], 'dev-1');
    assert.equal(event?.properties().system['dt-dataschema'], 'dtmi:a:b;1');
    assert.equal(event?.properties().application.constructor, 'y');
  });

  test('hub 42: an expiry in milliseconds and a broken creation time are kept as they came', async () => {
    const log = await openEvents(new CrashDisk());
    await appendDurably(log, telemetry('dev-1', '', { bag: '%24.exp=1780000000000&iothub-creation-time-utc=yesterday' }));
    const [event] = await log.read({ from: 0, max: 1 });
    assert.equal(event?.properties().system['absolute-expiry-time'], '1780000000000');
    assert.equal(event?.properties().system['iothub-creation-time-utc'], 'yesterday');
  });

  test('hub 41: application keys before system keys decode the same', async () => {
    const log = await openEvents(new CrashDisk());
    await appendDurably(log, telemetry('dev-1', '', { bag: 'alert=true&%24.mid=1&$.ct=text%2Fplain' }));
    const [event] = await log.read({ from: 0, max: 1 });
    assert.deepEqual({ ...event?.properties().application }, { alert: 'true' });
    assert.equal(event?.properties().system['content-type'], 'text/plain');
  });

  test('hub 44: 500 pipelined messages are reported durable in their order, none before its sync', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk, { blockBytes: 64 * 1024, segmentBytes: 1_000_000 });
    await appendDurably(log, telemetry('dev-1', 'first'));
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    disk.before = (operation) => {
      if (operation !== 'sync') return;
      reached.resolve();
      return held.promise;
    };
    const order: number[] = [];
    const all = Promise.withResolvers<void>();
    for (let i = 0; i < 500; i++) {
      log.append(telemetry('dev-1', String(i)), (problem) => {
        assert.equal(problem, undefined);
        order.push(i);
        if (i === 499) all.resolve();
      });
    }
    await reached.promise;
    for (let i = 0; i < 20; i++) await Promise.resolve();
    assert.deepEqual(order, [], 'no done while the sync is held back');
    held.resolve();
    await all.promise;
    assert.deepEqual(
      order,
      Array.from({ length: 500 }, (_, i) => i),
    );
  });

  test('a done that throws does not keep the others from being called', async () => {
    const log = await openEvents(new CrashDisk());
    log.append(telemetry('dev-1', 'one'), () => {
      throw new Error('a bug');
    });
    await appendDurably(log, telemetry('dev-1', 'two'));
    await appendDurably(log, telemetry('dev-1', 'three'));
    assert.equal(log.state, 'ok');
  });

  test('sequence numbers have no gap within a partition and go on after a restart', async () => {
    const disk = new CrashDisk();
    let log = await openEvents(disk);
    for (let i = 0; i < 100; i++) await appendDurably(log, telemetry(`dev-${i % 9}`, `${i}`));
    const before = [0, 1, 2, 3].map((partition) => log.lastSequence(partition));
    log = await openEvents(disk.crash('nothing'));
    assert.deepEqual(
      [0, 1, 2, 3].map((partition) => log.lastSequence(partition)),
      before,
    );
    for (let i = 0; i < 20; i++) await appendDurably(log, telemetry(`dev-${i % 9}`, `again ${i}`));
    const seen = [0, 0, 0, 0];
    let position = -1;
    for (const event of await readAll(log)) {
      assert.equal(event.sequence, (seen[event.partition] ?? 0) + 1);
      seen[event.partition] = event.sequence;
      assert.ok(event.position > position);
      position = event.position;
    }
    assert.equal(
      seen.reduce((sum, sequence) => sum + sequence, 0),
      120,
    );
  });

  test('sequence numbers go on although retention removed every event of a partition', async () => {
    const disk = new CrashDisk();
    const retention = { bytesMax: 5_000 };
    const log = await openEvents(disk, { retention });
    await appendDurably(log, telemetry('rare', 'once'));
    const rare = partitionOf('rare', 4);
    const busy = ['a', 'b', 'c', 'd', 'e', 'f'].find((id) => partitionOf(id, 4) !== rare) ?? '';
    for (let i = 0; i < 100; i++) await appendDurably(log, telemetry(busy, `${i}`));
    assert.ok(log.start > 0);
    const again = await openEvents(disk.crash('nothing'), { retention });
    assert.equal(again.lastSequence(rare), 1);
  });

  test('a follower gets everything once, in order, from where it left off, and waits for durable batches', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk);
    for (let i = 0; i < 30; i++) await appendDurably(log, telemetry('dev-1', `${i}`));
    const [, , third] = await log.read({ from: 0, max: 3 });
    const bodies: string[] = [];
    const enough = Promise.withResolvers<void>();
    let isBusy = false;
    const cancel = log.follow(third?.position ?? 0, async (events) => {
      assert.ok(!isBusy, 'one call at a time');
      isBusy = true;
      await new Promise((resolve) => setImmediate(resolve));
      bodies.push(...events.map((event) => event.body.toString()));
      isBusy = false;
      if (bodies.length >= 38) enough.resolve();
    });
    for (let i = 30; i < 40; i++) await appendDurably(log, telemetry('dev-1', `${i}`));
    await enough.promise;
    assert.deepEqual(
      bodies,
      Array.from({ length: 38 }, (_, i) => `${i + 2}`),
    );
    cancel();
    await appendDurably(log, telemetry('dev-1', 'unseen'));
    assert.equal(bodies.length, 38);
  });

  test('a follower that may rest gets the first event at once, and what comes meanwhile in one call', async () => {
    const manual = testPlatform();
    const log = await SegmentEvents.open(manual, {
      directory: '/log',
      files: new CrashDisk(),
      followerPauseMs: 20,
    });
    const calls: string[][] = [];
    let told = Promise.withResolvers<void>();
    const cancel = log.follow(0, (events) => {
      calls.push(events.map((event) => event.body.toString()));
      told.resolve();
      told = Promise.withResolvers();
    });
    const first = told.promise;
    await appendDurably(log, telemetry('dev-1', 'a'));
    await first;
    const second = told.promise;
    await appendDurably(log, telemetry('dev-1', 'b'));
    await appendDurably(log, telemetry('dev-2', 'c'));
    assert.deepEqual(calls, [['a']]);
    manual.clock.advance(20);
    await second;
    assert.deepEqual(calls, [['a'], ['b', 'c']]);
    cancel();
    await log.close();
  });

  test('a follower that throws gets the same events again after a pause', async () => {
    const log = await openEvents(new CrashDisk());
    await appendDurably(log, telemetry('dev-1', 'x'));
    const failed = Promise.withResolvers<void>();
    const worked = Promise.withResolvers<void>();
    let calls = 0;
    log.follow(0, () => {
      if (++calls === 1) {
        failed.resolve();
        throw new Error('the database is away');
      }
      worked.resolve();
    });
    await failed.promise;
    for (let i = 0; i < 20; i++) await Promise.resolve();
    platform.clock.advance(1_000);
    await worked.promise;
    assert.equal(calls, 2);
  });

  test('a follower passes a damaged stretch and goes on behind it', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk);
    for (let i = 0; i < 60; i++) await appendDurably(log, telemetry('dev-1', `${i}`));
    await log.close();
    const [name = ''] = (await disk.list('/log')).sort();
    disk.damage('/log', name, (bytes) => bytes.writeUInt8(bytes.readUInt8(1_500) ^ 1, 1_500));
    const errors: string[] = [];
    const loud = { ...platform, log: { ...platform.log, error: (event: string) => void errors.push(event) } };
    const again = await SegmentEvents.open(loud, { directory: '/log', files: disk, segmentBytes: 4_000, blockBytes: 1_000 });
    const bodies: string[] = [];
    const enough = Promise.withResolvers<void>();
    again.follow(0, (events) => {
      bodies.push(...events.map((event) => event.body.toString()));
      if (bodies.at(-1) === '59') enough.resolve();
    });
    await enough.promise;
    assert.equal(bodies.length, 59);
    assert.deepEqual(errors, ['log.damaged-stretch-passed']);
  });

  test('a full disk refuses with storage-full; what waited is done when there is room', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk);
    await appendDurably(log, telemetry('dev-1', 'one'));
    disk.room = 0;
    const full = new Promise((resolve) => log.onState(resolve));
    const waiting = appendDurably(log, telemetry('dev-1', 'two'));
    assert.equal(await full, 'full');
    const sequence = log.lastSequence(partitionOf('dev-1', 4));
    assert.throws(() => log.append(telemetry('dev-1', 'three')), { code: 'storage-full' });
    assert.equal(log.lastSequence(partitionOf('dev-1', 4)), sequence, 'a refused event takes no number');
    disk.room = 10_000;
    await new Promise((resolve) => setImmediate(resolve));
    platform.clock.advance(1_000);
    await waiting;
    await appendDurably(log, telemetry('dev-1', 'three'));
    assert.deepEqual(
      (await readAll(log)).map((event) => event.body.toString()),
      ['one', 'two', 'three'],
    );
  });

  test('after a failed sync every waiting done gets the problem', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk);
    await appendDurably(log, telemetry('dev-1', 'one'));
    disk.before = (operation) => {
      if (operation === 'sync') throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const problem = await new Promise<Problem | undefined>((resolve) => log.append(telemetry('dev-1', 'two'), resolve));
    assert.equal(problem?.code, 'unavailable');
    assert.equal(log.state, 'failed');
  });

  test('close makes what was appended durable and refuses the rest', async () => {
    const disk = new CrashDisk();
    const log = await openEvents(disk);
    const done = appendDurably(log, telemetry('dev-1', 'last'));
    await log.close();
    await done;
    assert.throws(() => log.append(telemetry('dev-1', 'late')), { code: 'unavailable' });
    assert.equal((await readAll(await openEvents(disk.crash('nothing')))).length, 1);
  });

  test('events that cannot be stored are refused and take no number', async () => {
    const log = await openEvents(new CrashDisk());
    assert.throws(() => log.append(telemetry('x'.repeat(300), '')), { code: 'payload-too-large' });
    assert.throws(() => log.append(telemetry('dev-1', 'y'.repeat(2_000_000))), { code: 'payload-too-large' });
    assert.equal(log.lastSequence(partitionOf('dev-1', 4)), 0);
    await assert.rejects(SegmentEvents.open(platform, { directory: '/other', files: new CrashDisk(), partitions: 0 }));
  });
});

describe('partition', () => {
  test('is stable over versions and spreads ids evenly', () => {
    assert.deepEqual(
      ['dev-1', 'dev-2', 'a', ''].map((id) => partitionOf(id, 4)),
      [3, 2, 0, 0],
    );
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4_000; i++) counts[partitionOf(`sensor-${i}`, 4)] = (counts[partitionOf(`sensor-${i}`, 4)] ?? 0) + 1;
    for (const count of counts) assert.ok(count > 800 && count < 1_200, `${counts}`);
  });
});
