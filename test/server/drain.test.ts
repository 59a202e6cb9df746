import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type EventPosition, earliestEventPosition } from '@azure/event-hubs';
import { writeBacklog } from '#test/support/event-backlog.ts';
import { type EventBench, openEventBench } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { quiet, readCpu, residentBytes } from '../../tools/bench/processes.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const [small, large] = isFullSize ? [100_000, 1_000_000] : [2_000, 8_000];
const mebibyte = 1024 * 1024;
/** First bar of the performance targets; the goal is 250,000. */
const target = 60_000;

describe(`@azure/event-hubs drains ${large.toLocaleString('en')} events from a backlog`, () => {
  let bench: EventBench;
  before(async () => {
    bench = await openEventBench();
  });
  after(() => bench?.close());

  /** Adds to the backlog while the server is down, then reads it all; answers what that cost the server. */
  async function drain(count: number, startPosition: EventPosition) {
    await bench.home.stop();
    await writeBacklog(bench.home.data, count);
    await bench.home.restart();
    const { pid } = bench.home.status;
    // Central reads the same log behind its back, at once.
    await quiet(pid);
    const memoryBefore = residentBytes(pid);
    const cpuBefore = readCpu(pid).seconds;
    const client = bench.consumer();
    const next = new Map<string, number>();
    let got = 0;
    let firstError: Error | undefined;
    let memoryMax = memoryBefore;
    const started = performance.now();
    const handlers = {
      async processEvents(events: { sequenceNumber: number }[], { partitionId }: { partitionId: string }) {
        for (const { sequenceNumber } of events) {
          const expected = next.get(partitionId) ?? sequenceNumber;
          assert.equal(sequenceNumber, expected, `partition ${partitionId}`);
          next.set(partitionId, expected + 1);
        }
        got += events.length;
        memoryMax = Math.max(memoryMax, residentBytes(pid));
      },
      async processError(error: Error) {
        firstError ??= error;
      },
    };
    const subscription = client.subscribe(handlers, {
      startPosition,
      maxBatchSize: 500,
      maxWaitTimeInSeconds: 1,
    });
    await eventually(() => {
      if (firstError) throw firstError;
      return got >= count || undefined;
    }, 1_800_000);
    const seconds = (performance.now() - started) / 1000;
    const cpu = readCpu(pid).seconds - cpuBefore;
    await subscription.close();
    await client.close();
    assert.equal(got, count);
    return { cpu, seconds, memoryGrowth: memoryMax - memoryBefore };
  }
  test('every event arrives once, in the order of its partition, and the server’s memory does not grow with the backlog', async (t) => {
    const first = await drain(small, earliestEventPosition);
    const second = await drain(large, { enqueuedOn: new Date() });
    for (const [count, { cpu, seconds, memoryGrowth }] of [
      [small, first],
      [large, second],
    ] as const) {
      t.diagnostic(
        `${count.toLocaleString('en')} events: ${Math.round(count / cpu).toLocaleString('en')} per server-CPU-second (first bar ${target.toLocaleString('en')}, goal 250,000); ${Math.round(count / seconds).toLocaleString('en')} per second; memory +${(memoryGrowth / mebibyte).toFixed(0)} MiB`,
      );
    }
    assert.ok(second.memoryGrowth < first.memoryGrowth + 64 * mebibyte, 'memory grew with the backlog');
  });
});
