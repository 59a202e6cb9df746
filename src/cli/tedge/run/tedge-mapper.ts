import { mapperName } from '#edge/mapper/build-mapper.ts';
import { startMapper } from '#edge/run/start-mapper.ts';
import type { Command } from '../../kit/command.ts';
import { cloudOf, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption } from './hold-service.ts';
import { runService } from './run-service.ts';

export const runTedgeMapperCommand: Command = {
  options: [backgroundOption, profileOption],
  positionals: [{ name: 'CLOUD', isRequired: true, summary: 'az' }],
  examples: ['tedge run tedge-mapper az', 'tedge-mapper az', 'tedge-mapper --log-level debug az'],
  notes: [
    'Translates te/… and tedge/… of the local broker into az/messages/events/ until SIGTERM or SIGINT; what it cannot translate',
    'is told on te/errors. Passes on to the agent what desired properties ask for. A broker that is not there is waited for.',
  ],
  async run(invocation) {
    cloudOf(invocation.positionals[0]);
    const settings = await openSettings(invocation);
    await runService(invocation, settings, mapperName, (platform) =>
      attempt(`start ${mapperName}`, () => startMapper(platform, settings, process.pid)),
    );
  },
};
