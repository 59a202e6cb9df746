import { openLog } from '#base/log.ts';
import { buildMapper, mapperName } from '#edge/mapper/build-mapper.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { cloudOf, logLevelOf, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const runTedgeMapperCommand: Command = {
  options: [profileOption],
  positionals: [{ name: 'CLOUD', isRequired: true, summary: 'az' }],
  examples: ['tedge run tedge-mapper az', 'tedge-mapper az', 'tedge-mapper --log-level debug az'],
  notes: [
    'Translates te/… and tedge/… of the local broker into az/messages/events/ until SIGTERM or SIGINT; what it cannot translate',
    'is told on te/errors. A broker that is not there is waited for.',
  ],
  async run(invocation) {
    const { terminal, platform, positionals } = invocation;
    cloudOf(positionals[0]);
    const log = openLog(logLevelOf(invocation));
    const settings = await openSettings(invocation);
    const mapper = await attempt(`start ${mapperName}`, () => buildMapper({ ...platform, log }, settings, process.pid));
    // Between two attempts to reach the broker nothing else keeps the process alive.
    const sleep = stayAwake();
    const interrupted = Promise.withResolvers<void>();
    const cancel = terminal.onInterrupt(() => interrupted.resolve());
    mapper.start();
    await interrupted.promise;
    await mapper.stop();
    cancel();
    sleep();
  },
};
