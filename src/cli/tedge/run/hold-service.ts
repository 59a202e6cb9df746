import { type Log, openLog } from '#base/log.ts';
import { removeServicePid, takeServiceLock, writeServicePid } from '#edge/services/service-lock.ts';
import { openServiceLog, serviceLogPath } from '#edge/services/service-log.ts';
import type { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { logLevelOf } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const backgroundOption: OptionSpec = {
  name: 'background',
  summary: 'As tedge connect starts it: the log goes to logs.path, the process id to run.path',
};

export type HeldService = {
  readonly log: Log;
  /** Says that the service runs, to who started it in the background. */
  ready(): Promise<void>;
  release(): Promise<void>;
};

/** Makes this process the one instance of a service, until released. */
export async function holdService(
  { options, platform }: Pick<Invocation, 'options' | 'platform'>,
  settings: TedgeSettings,
  service: string,
): Promise<HeldService> {
  const isBackground = options.isSet('background');
  const level = logLevelOf({ options });
  return attempt(`start ${service}`, async () => {
    const place = { runDirectory: settings.path('run.path'), service };
    const release = await takeServiceLock(place);
    if (!release) {
      throw new CommandFailure('failed', `failed to start ${service}`, {
        why: `It runs already: the lock in ${place.runDirectory} is taken.`,
        fix: "'tedge disconnect az' stops one in the background.",
      });
    }
    try {
      // Left by one that was killed.
      await removeServicePid(place);
      const path = serviceLogPath(settings.path('logs.path'), service);
      return {
        log: isBackground ? openLog(level, await openServiceLog(path)) : openLog(level),
        ready: async () => {
          if (isBackground) await writeServicePid(place, process.pid, platform.random);
        },
        async release() {
          await removeServicePid(place);
          release();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  });
}
