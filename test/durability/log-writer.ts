import { writeSync } from 'node:fs';
import { instant } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { encodeSystemProperties } from '#hub/events/event-record.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

/**
 * Appends events of eight devices as fast as the disk syncs, and writes `device count` to standard output
 * for each that was reported durable. Runs until it is killed (kill-log.test.ts).
 */
const [directory = '', life = ''] = process.argv.slice(2);
const platform = { clock: new ManualClock(), random: systemRandom, log: silentLog };
const log = await SegmentEvents.open(platform, { directory, segmentBytes: 50_000 });
const system = encodeSystemProperties({});
const counts = new Array<number>(8).fill(0);

function sendNext(device: number): void {
  counts[device] = (counts[device] ?? 0) + 1;
  const text = `${life} ${device} ${counts[device]}`;
  const event = { source: 'Telemetry', deviceId: `device-${device}`, enqueuedAt: instant(0), bag: '', system } as const;
  log.append({ ...event, body: Buffer.from(`${text} ${'.'.repeat(200)}`) }, (problem) => {
    if (problem) process.exit(3);
    writeSync(1, `${text}\n`);
    sendNext(device);
  });
}

// Three in flight for each, so that batches form.
for (let i = 0; i < 24; i++) sendNext(i % 8);
