import { statfs } from 'node:fs/promises';
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { Cancel } from '#base/clock.ts';
import { type Metrics, metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { productVersion } from '#base/version.ts';

/** How often the event loop is looked at; more often costs more, less often misses short stalls. */
const loopResolutionMs = 20;

const gcKinds = new Map<number, string>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak-callbacks'],
]);

export type Disk = { readonly freeBytes: number; readonly bytes: number };

/** Room on the disk of `directory`, as far as it is ours to use. */
export async function readDisk(directory: string): Promise<Disk> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, bytes: blocks * bsize };
}

/** What the process and its machine tell of themselves. `refresh` reads what a scrape shows and no event brings. */
export function countProcess(platform: Platform, directory: string): { refresh(): Promise<void>; stop: Cancel } {
  const metrics = metricsOf(platform);
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  loop.enable();
  let delays = { median: 0, p99: 0, max: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = gcKinds.get(gcKindOf(entry)) ?? 'other';
      metrics.counter('homeport_gc_seconds_total', { kind }).value += entry.duration / 1000;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  let memory = process.memoryUsage();
  let disk: Disk | undefined;
  const startedAt = platform.clock.now() / 1000 - process.uptime();
  const gauges = [
    ...(['median', 'p99', 'max'] as const).map((measure) =>
      metrics.gauge('homeport_event_loop_delay_seconds', () => delays[measure], { measure }),
    ),
    metrics.gauge('homeport_heap_bytes', () => memory.heapUsed, { state: 'used' }),
    metrics.gauge('homeport_heap_bytes', () => memory.heapTotal, { state: 'total' }),
    metrics.gauge('homeport_external_memory_bytes', () => memory.external),
    metrics.gauge('process_resident_memory_bytes', () => memory.rss),
    metrics.gauge('process_start_time_seconds', () => startedAt),
    metrics.gauge('homeport_info', () => 1, { version: productVersion }),
  ];
  const cpu = metrics.counter('process_cpu_seconds_total');
  return {
    async refresh() {
      const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - loopResolutionMs / 1000);
      if (loop.count > 0)
        delays = { median: seconds(loop.percentile(50)), p99: seconds(loop.percentile(99)), max: seconds(loop.max) };
      loop.reset();
      memory = process.memoryUsage();
      const { user, system } = process.cpuUsage();
      cpu.value = (user + system) / 1e6;
      const isFirst = disk === undefined;
      disk = await readDisk(directory).catch(() => disk);
      if (isFirst && disk) gauges.push(...gaugeDisk(metrics, () => disk));
    },
    stop() {
      loop.disable();
      observer.disconnect();
      for (const cancel of gauges) cancel();
    },
  };
}

/** Node's types do not know what entries of the collector carry. */
function gcKindOf(entry: object): number {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  return typeof detail === 'object' && detail !== null && 'kind' in detail && typeof detail.kind === 'number' ? detail.kind : 0;
}

function gaugeDisk(metrics: Metrics, read: () => Disk | undefined): Cancel[] {
  return [
    metrics.gauge('homeport_disk_free_bytes', () => read()?.freeBytes ?? 0),
    metrics.gauge('homeport_disk_bytes', () => read()?.bytes ?? 0),
  ];
}
