import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { EventPosition } from '#wire/azure/event-position.ts';
import type { StoredEvent } from './event-log.ts';
import { EventCursor, encodeSystemProperties } from './event-record.ts';
import { openReader } from './open-reader.ts';
import { partitionOf } from './partition.ts';
import { SegmentEvents, type SegmentEventsOptions } from './segment-events.ts';

const system = encodeSystemProperties({});
const devices = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const partition = partitionOf('a', 4);

/** A log of many small segments; each event of a device a second after the one before. */
async function open({ events = 400, ...options }: { events?: number } & Partial<SegmentEventsOptions> = {}) {
  const clock = new ManualClock();
  const platform = { ...testPlatform(), clock };
  const files = new CrashDisk();
  const sizes = { segmentBytes: 40_000, blockBytes: 1_000, tailBytes: 0, ...options };
  const reopen = () => SegmentEvents.open(platform, { directory: '/log', files, ...sizes });
  const log = await reopen();
  const append = (deviceId: string, body: string, isHidden = false) =>
    new Promise<void>((resolve, reject) => {
      const event = {
        source: 'Telemetry',
        deviceId,
        enqueuedAt: clock.now(),
        bag: '',
        system,
        body: Buffer.from(body),
        isHidden,
      } as const;
      log.append(event, (problem) => (problem ? reject(problem) : resolve()));
    });
  for (let n = 0; n < events; n++) {
    const appended = append(devices[n % devices.length] ?? '', String(n).padEnd(700));
    // Many to a write, or the disk in memory would copy its file for each.
    if (n % 20 === 0 || n === events - 1) await appended;
    clock.advance(1_000);
  }
  return { log, append, platform, clock, reopen, files };
}

async function readAll(log: SegmentEvents, platform: ReturnType<typeof testPlatform>, start: EventPosition, of = partition) {
  const reader = await openReader(platform.log, log.partitionLog, of, start);
  const cursor = new EventCursor();
  const sequences: number[] = [];
  while (await reader.load(cursor)) {
    while (reader.hasNext) {
      reader.next(cursor);
      sequences.push(cursor.sequence - 1);
      // As where credit ends: the rest is read again.
      if (sequences.length % 7 === 0) reader.release();
    }
  }
  return sequences;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe('a partition of the log', () => {
  test('is read from any sequence number, offset or time, whichever segment that is in', async () => {
    const { log, platform } = await open();
    const count = log.lastSequence(partition);
    assert.ok(count > 50);
    const events: StoredEvent[] = [];
    for (let from = log.start; from < log.end; ) {
      const some = await log.read({ from, max: 1_000 });
      events.push(...some.filter((event) => event.partition === partition));
      from = some.at(-1)?.next ?? log.end;
    }
    assert.equal(events.length, count);
    for (const sequence of [0, 1, Math.floor(count / 3), Math.floor(count / 2), count - 2, count - 1]) {
      const event = events[sequence];
      assert.ok(event);
      const from = (kind: 'sequence' | 'offset' | 'enqueued-time', value: number, isInclusive: boolean) =>
        readAll(log, platform, { kind, value, isInclusive });
      assert.deepEqual(await from('sequence', sequence, true), range(sequence, count));
      assert.deepEqual(await from('sequence', sequence, false), range(sequence + 1, count));
      assert.deepEqual(await from('offset', event.position, true), range(sequence, count));
      assert.deepEqual(await from('offset', event.position, false), range(sequence + 1, count));
      assert.deepEqual(await from('offset', event.position + 11, true), range(sequence + 1, count));
      assert.deepEqual(await from('enqueued-time', event.enqueuedAt, false), range(sequence + 1, count));
      assert.deepEqual(await from('enqueued-time', event.enqueuedAt, true), range(sequence, count));
    }
    assert.deepEqual(await readAll(log, platform, { kind: 'earliest' }), range(0, count));
    assert.deepEqual(await readAll(log, platform, { kind: 'latest' }), []);
    await log.close();
  });

  test('a place in a large segment is found by halves, not by reading all before it', async () => {
    const { log, platform } = await open({ events: 6_000, segmentBytes: 1 << 30, blockBytes: 16_000 });
    const count = log.lastSequence(partition);
    for (const sequence of [count - 1, Math.floor(count / 2), 3]) {
      const position = await log.partitionLog.positionOfSequence(partition, sequence + 1);
      const near: readonly StoredEvent[] = await log.read({ from: position, max: 1_000 });
      const begins = near.find((each) => each.partition === partition)?.sequence ?? 0;
      assert.ok(begins > 0 && begins <= sequence + 1);
      const found = await readAll(log, platform, { kind: 'sequence', value: sequence, isInclusive: true });
      assert.equal(found[0], sequence);
      assert.ok(sequence + 1 - begins < 600, `begins ${sequence + 1 - begins} events before`);
    }
    await log.close();
  });

  test('tells its oldest and newest event, the same after a restart', async () => {
    const { log, reopen } = await open();
    const states = await Promise.all([0, 1, 2, 3].map((each) => log.partitionLog.state(each)));
    for (const [each, { firstSequence, last, isEmpty }] of states.entries()) {
      assert.equal(last.sequence, log.lastSequence(each));
      assert.equal(firstSequence, 1);
      assert.equal(isEmpty, last.sequence === 0);
    }
    await log.close();
    const again = await reopen();
    assert.deepEqual(await Promise.all([0, 1, 2, 3].map((each) => again.partitionLog.state(each))), states);
    await again.close();
  });

  test('what retention removed is passed over: the oldest event that is kept comes first', async () => {
    const { log, platform } = await open({ retention: { bytesMax: 100_000 } });
    const { firstSequence, last, isEmpty } = await log.partitionLog.state(partition);
    assert.ok(firstSequence > 1 && !isEmpty);
    const kept = range(firstSequence - 1, last.sequence);
    for (const start of [
      { kind: 'earliest' },
      { kind: 'sequence', value: 0, isInclusive: true },
      { kind: 'offset', value: 40, isInclusive: false },
      { kind: 'enqueued-time', value: 0, isInclusive: false },
    ] as const) {
      assert.deepEqual(await readAll(log, platform, start), kept, start.kind);
    }
    await log.close();
  });

  test('what is hidden is passed over and not counted, and a silent partition costs nothing to wait in', async () => {
    const { log, append, platform } = await open({ events: 8 });
    const before = log.lastSequence(partition);
    const reader = await openReader(platform.log, log.partitionLog, partition, { kind: 'latest' });
    const cursor = new EventCursor();
    await append('a', 'hidden', true);
    assert.equal(log.lastSequence(partition), before);
    assert.equal(reader.mayGoOn, false);
    assert.equal(reader.isAtEnd, true, 'what others wrote is behind it, unread');
    assert.equal(await reader.load(cursor), false);
    await append('a', 'shown');
    assert.equal(reader.mayGoOn, true);
    assert.equal(await reader.load(cursor), true);
    reader.next(cursor);
    assert.equal(cursor.sequence, before + 1);
    assert.equal(reader.hasNext, false);
    await log.close();
  });
});
