import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { testPlatform } from '#test/support/test-platform.ts';

const writer = fileURLToPath(new URL('./log-writer.ts', import.meta.url));
const kills = 3;

/** Runs the writer until it reported `count` events, kills it without warning, and answers all it reported. */
async function writeAndKill(directory: string, life: number, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const reported: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    reported.push(line);
    // In the middle of whatever it does; lines already in the pipe are still read.
    if (reported.length === count) child.kill('SIGKILL');
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL', 'the writer ran until it was killed');
  return reported;
}

/**
 * Goal: a process that is killed loses nothing it acknowledged and keeps the order of each device.
 * Method: a writer reports each event after its sync; kill it in the middle of the load, open the log, look
 * for every reported event, go on with the same directory.
 */
test(`kill -9 in the middle of a load, ${kills} times, loses nothing acknowledged and keeps order per device`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'homeport-kill-'));
  try {
    const acknowledged: string[] = [];
    for (let life = 0; life < kills; life++) {
      acknowledged.push(...(await writeAndKill(directory, life, 400 + 150 * life)));
      const log = await SegmentEvents.open(testPlatform(), { directory });
      const found = new Map<string, string[]>();
      const sequences = new Map<number, number>();
      for (let from = log.start; from < log.end; ) {
        const events = await log.read({ from, max: 500 });
        for (const event of events) {
          const text = event.body.toString().replace(/ \.+$/, '');
          found.set(event.deviceId, [...(found.get(event.deviceId) ?? []), text]);
          assert.equal(event.sequence, (sequences.get(event.partition) ?? 0) + 1);
          sequences.set(event.partition, event.sequence);
        }
        from = events.at(-1)?.next ?? log.end;
      }
      await log.close();
      const all = new Set([...found.values()].flat());
      assert.deepEqual(
        acknowledged.filter((text) => !all.has(text)),
        [],
        `life ${life}: every acknowledged event is there`,
      );
      for (const texts of found.values()) {
        const order = texts.map((text) => text.split(' ').map(Number));
        const sorted = order.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0));
        assert.deepEqual(order, sorted, 'in the order of sending, none twice');
        assert.equal(new Set(texts).size, texts.length);
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
