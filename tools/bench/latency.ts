/** How long a device waits for its PUBACK when little is going on, beside how long the disk takes for a sync. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contenders.ts';
import { type BenchOptions, measure, warmUp } from './messages.ts';
import { median, type Row } from './row.ts';

const overSyncMsMax = 5;

export async function lowRateRow([homeport, mosquitto]: readonly [Contender, Contender], options: BenchOptions): Promise<Row> {
  const { rounds, seconds } = options;
  const steady = ['rate', '--connections', '500', '--rate', '4000', '--window', '50'];
  await warmUp(homeport, steady, options);
  const parameters = [...steady, '--seconds', String(seconds)];
  const seen: Record<'p50' | 'p90' | 'p99' | 'sync' | 'cpu' | 'mosquittoP50' | 'mosquittoCpu', number[]> = {
    p50: [],
    p90: [],
    p99: [],
    sync: [],
    cpu: [],
    mosquittoP50: [],
    mosquittoCpu: [],
  };
  for (let round = 0; round < rounds; round++) {
    seen.sync.push(syncMs());
    const { figures, cpu } = await measure(homeport, parameters);
    if (!figures.latencyMs) throw new Error('The generator measured no latency.');
    for (const name of ['p50', 'p90', 'p99'] as const) seen[name].push(figures.latencyMs[name]);
    seen.cpu.push((1e6 * (cpu.seconds - cpu.workerSeconds)) / figures.acknowledged);
    const theirs = await measure(mosquitto, parameters);
    seen.mosquittoP50.push(theirs.figures.latencyMs?.p50 ?? Number.NaN);
    seen.mosquittoCpu.push((1e6 * theirs.cpu.seconds) / theirs.figures.acknowledged);
  }
  const of = (name: keyof typeof seen) => median(seen[name]);
  const over = of('p50') - of('sync');
  return {
    shape: 'low-rate',
    what: '4,000 messages a second from 500 devices, PUBACK at the median',
    unit: 'ms',
    homeport: of('p50'),
    peer: 'Mosquitto',
    peerFigure: of('mosquittoP50'),
    bar: `≤ ${overSyncMsMax} ms over the disk’s sync`,
    isMet: over <= overSyncMsMax,
    note: `a sync takes ${of('sync').toFixed(2)} ms, so ${over.toFixed(2)} ms over it; p90 ${of('p90').toFixed(1)}, p99 ${of('p99').toFixed(1)} ms; ${of('cpu').toFixed(0)} µs of CPU a message against ${of('mosquittoCpu').toFixed(0)}`,
    rounds: seen,
  };
}

const syncs = 200;

/** The median of a write and its fdatasync, where the log lies as well. */
function syncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'hp-sync-'));
  const file = openSync(join(folder, 'log'), 'w');
  try {
    const bytes = Buffer.alloc(350, 1);
    return median(
      Array.from({ length: syncs }, () => {
        const began = performance.now();
        writeSync(file, bytes);
        fdatasyncSync(file);
        return performance.now() - began;
      }),
    );
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}
