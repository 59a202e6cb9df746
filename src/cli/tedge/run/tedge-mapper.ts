import { mapperName } from '#edge/mapper/build-mapper.ts';
import { startMapper } from '#edge/run/start-mapper.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { cloudOf, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption, holdService } from './hold-service.ts';

export const runTedgeMapperCommand: Command = {
  options: [backgroundOption, profileOption],
  positionals: [{ name: 'CLOUD', isRequired: true, summary: 'az' }],
  examples: ['tedge run tedge-mapper az', 'tedge-mapper az', 'tedge-mapper --log-level debug az'],
  notes: [
    'Translates te/… and tedge/… of the local broker into az/messages/events/ until SIGTERM or SIGINT; what it cannot translate',
    'is told on te/errors. Passes on to the agent what desired properties ask for. A broker that is not there is waited for.',
  ],
  async run(invocation) {
    const { terminal, platform, positionals } = invocation;
    cloudOf(positionals[0]);
    const settings = await openSettings(invocation);
    const { log, ready, release } = await holdService(invocation, settings, mapperName);
    const interrupted = Promise.withResolvers<void>();
    // Between two attempts to reach the broker nothing else keeps the process alive.
    const cancels = [terminal.onInterrupt(() => interrupted.resolve()), stayAwake()];
    try {
      const mapper = await attempt(`start ${mapperName}`, () => startMapper({ ...platform, log }, settings, process.pid));
      await ready();
      await interrupted.promise;
      await mapper.stop();
    } finally {
      for (const cancel of cancels) cancel();
      await release();
    }
  },
};
