import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { buildMapper } from '../mapper/build-mapper.ts';
import { buildTwinOperations } from '../operations/build-twin-operations.ts';
import type { TwinOperations } from '../operations/twin-operations.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Starts what stands between the local broker and the hub: the mapper, and what passes on operations. Throws Problem for settings that do not fit. */
export async function startMapper(platform: Platform, settings: TedgeSettings, pid: number): Promise<{ stop(): Promise<void> }> {
  const mapper = buildMapper(platform, settings, pid);
  const operations = await loadOperations(platform, settings);
  mapper.start();
  operations?.start();
  return {
    async stop() {
      await operations?.stop();
      await mapper.stop();
    },
  };
}

/** Telemetry needs no disk. Without one, what the twin asks for would be done again and again, so it is not done. */
async function loadOperations(platform: Platform, settings: TedgeSettings): Promise<TwinOperations | undefined> {
  try {
    return await buildTwinOperations(platform, settings);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    platform.log.error('operations.off', { error: error.message });
    return undefined;
  }
}
