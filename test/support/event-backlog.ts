import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { encodeSystemProperties } from '#hub/events/event-record.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { testPlatform } from './test-platform.ts';

const system = encodeSystemProperties({
  'iothub-connection-auth-generation-id': '638000000000000000',
  'iothub-connection-auth-method': '{"scope":"device","type":"x509","issuer":"external","acceptingIpFilterRule":null}',
});
const bag = '%24.ct=application%2Fjson&%24.ce=utf-8';
const bodyBytes = 256;

/** Puts events into the log of a server that is not running, as if 100 devices had sent them; `n` counts them. */
export async function writeBacklog(data: string, count: number): Promise<void> {
  const log = await SegmentEvents.open({ ...testPlatform(), clock: systemClock }, { directory: join(data, 'log'), tailBytes: 0 });
  try {
    for (let n = 0; n < count; ) {
      const end = Math.min(count, n + 5_000);
      await new Promise<void>((resolve, reject) => {
        for (; n < end; n++) {
          log.append(
            {
              source: 'Telemetry',
              deviceId: `device-${n % 100}`,
              enqueuedAt: systemClock.now(),
              bag,
              system,
              body: Buffer.from(JSON.stringify({ n }).padEnd(bodyBytes)),
            },
            n === end - 1 ? (problem) => (problem ? reject(problem) : resolve()) : undefined,
          );
        }
      });
    }
  } finally {
    await log.close();
  }
}
