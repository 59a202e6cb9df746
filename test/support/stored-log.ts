import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventSource, StoredEvent } from '#hub/events/event-log.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import type { RunningHomeport } from './start-homeport.ts';
import { testPlatform } from './test-platform.ts';

/** The telemetry, or what came from another source, in the log of a server that is not running, in the order of the log. */
export async function readLog(data: string, wanted: EventSource = 'Telemetry'): Promise<StoredEvent[]> {
  const log = await SegmentEvents.open(testPlatform(), { directory: join(data, 'log') });
  try {
    const events: StoredEvent[] = [];
    for (let from = log.start; from < log.end; ) {
      const some = await log.read({ from, max: 1_000 });
      events.push(...some.filter(({ source }) => source === wanted));
      from = some.at(-1)?.next ?? log.end;
    }
    return events;
  } finally {
    await log.close();
  }
}

/** The same of a running server. A copy is read: opening a log mends it, and whatever is mended is to be the server's work. */
export async function readRunningLog(home: RunningHomeport, wanted?: EventSource): Promise<StoredEvent[]> {
  const copy = await mkdtemp(join(tmpdir(), 'homeport-log-'));
  try {
    await cp(join(home.data, 'log'), join(copy, 'log'), { recursive: true });
    return await readLog(copy, wanted);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
