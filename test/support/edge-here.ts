import { mkdirSync } from 'node:fs';
import { type Clock, systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { type RunningEdge, startEdge } from '#edge/run/start-edge.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Edge } from './edge-bench.ts';
import { eventually } from './eventually.ts';

/** The agent of `edge` in this process, where lives are cheap and the clock is the test's: what `tedge run all az` runs. */
export function runEdgeHere(t: { after(fn: () => unknown): void }, edge: Edge, clock: Clock = systemClock) {
  let log = '';
  let running: RunningEdge | undefined;
  const here = {
    ...edge,
    log: () => log,
    /** Resolves when the log says so, after the last start. */
    says: (pattern: RegExp) =>
      eventually(() => (pattern.test(log) ? true : undefined), 60_000).catch(() => {
        throw new Error(`tedge did not say ${pattern}:\n${log}`);
      }),
    connected: () => here.says(/"event":"bridge\.connected"/),
    async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
      log = '';
      const platform = {
        clock,
        random: systemRandom,
        log: openLog('info', {
          write: (line) => {
            log += line;
          },
        }),
      };
      mkdirSync(edge.environment.TEDGE_DATA_PATH, { recursive: true });
      const settings = new TedgeSettings(edge.folder, await SettingsFile.load(edge.folder), { ...edge.environment, ...more });
      running = await startEdge(platform, settings, { pid: process.pid });
    },
    async stop(): Promise<void> {
      await running?.stop();
      running = undefined;
    },
  };
  t.after(() => here.stop());
  return here;
}

export type EdgeHere = ReturnType<typeof runEdgeHere>;
