import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { encodeSystemProperties } from '#hub/events/event-record.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { CrashDisk, type CrashMode } from '#test/support/crash-disk.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { testPlatform } from '#test/support/test-platform.ts';

const devices = ['a', 'b', 'c'];
const eventsPerDevice = 30;
const system = encodeSystemProperties({});

function openOn(disk: CrashDisk): Promise<SegmentEvents> {
  const retention = { bytesMax: 9_000 };
  return SegmentEvents.open(testPlatform(), { directory: '/log', files: disk, segmentBytes: 1_500, blockBytes: 500, retention });
}

/** Three devices send until all is acknowledged or the power goes. Answers what was acknowledged, by device. */
async function live(disk: CrashDisk): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>();
  try {
    const log = await openOn(disk);
    await Promise.all(devices.map((deviceId) => send(log, deviceId, acknowledged)));
    await log.close();
  } catch {
    // The power went.
  }
  return acknowledged;
}

/** Two in flight, acknowledged in order. */
function send(log: SegmentEvents, deviceId: string, acknowledged: Map<string, number>): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const next = () => {
      if (sent === eventsPerDevice) return;
      const n = ++sent;
      try {
        const fields = { source: 'Telemetry', deviceId, enqueuedAt: testPlatform().clock.now(), bag: '', system } as const;
        log.append({ ...fields, body: Buffer.from(`${n} ${'.'.repeat((n * 17) % 120)}`) }, (problem) => {
          if (problem) return reject(problem);
          assert.equal(n, (acknowledged.get(deviceId) ?? 0) + 1, 'in the order of sending');
          acknowledged.set(deviceId, n);
          if (n === eventsPerDevice) resolve();
          next();
        });
      } catch (error) {
        reject(error);
      }
    };
    next();
    next();
  });
}

async function readAll(log: SegmentEvents): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let from = log.start; from < log.end; ) {
    const some = await log.read({ from, max: 50 });
    events.push(...some);
    from = some.at(-1)?.next ?? log.end;
  }
  return events;
}

/**
 * Goal: what the hub may acknowledge survives a power cut at any moment, and so does what it counts.
 * Method: the event log, as the hub uses it, on a disk that keeps apart what was synced. One life for each
 * operation of the disk, cut there; then the log is opened on what the crash left.
 */
describe('the event log through power cuts', () => {
  const modes: [string, (cut: number) => CrashMode][] = [
    ['nothing unsynced is left', () => 'nothing'],
    ['everything unsynced is left', () => 'everything'],
    ['some of it is left', (cut) => ({ some: coin(cut) })],
  ];
  for (const [name, modeOf] of modes) {
    test(`nothing acknowledged is lost, reordered or counted twice, cut at any operation, when ${name}`, async () => {
      const whole = new CrashDisk();
      const all = await live(whole);
      assert.deepEqual(
        [...all.values()],
        devices.map(() => eventsPerDevice),
      );
      assert.ok(whole.operations > 60, `${whole.operations} operations to cut at`);
      for (let cut = 0; cut <= whole.operations; cut++) {
        const disk = new CrashDisk();
        disk.cutAt = cut;
        const acknowledged = await live(disk);
        const after = disk.crash(modeOf(cut));
        const log = await openOn(after);
        const events = await readAll(log);
        const isWhole = log.start === 0;
        for (const deviceId of devices) {
          const numbers = events
            .filter((event) => event.deviceId === deviceId)
            .map(({ body }) => Number.parseInt(body.toString(), 10));
          const first = isWhole ? 1 : (numbers[0] ?? 1);
          assert.deepEqual(
            numbers,
            Array.from({ length: numbers.length }, (_, index) => first + index),
            `cut ${cut}: ${deviceId}`,
          );
          const last = numbers.at(-1) ?? 0;
          // Retention keeps the newest, so the last acknowledged one is there in any case.
          assert.ok(
            last >= (acknowledged.get(deviceId) ?? 0),
            `cut ${cut}: ${deviceId} reaches ${last}, not ${acknowledged.get(deviceId)}`,
          );
        }
        for (let partition = 0; partition < log.partitions; partition++) {
          const sequences = events.filter((event) => event.partition === partition).map(({ sequence }) => sequence);
          if (sequences.length > 0) assert.equal(sequences.at(-1), log.lastSequence(partition), `cut ${cut}: goes on counting`);
          assert.deepEqual(
            sequences,
            Array.from({ length: sequences.length }, (_, index) => (sequences[0] ?? 0) + index),
          );
        }
        await log.close();
      }
    });
  }
});

function coin(seed: number): () => boolean {
  const random = seededRandom(`power-cut ${seed}`);
  return () => random.fraction() < 0.5;
}
