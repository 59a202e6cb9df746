import { mapperName } from '#edge/mapper/build-mapper.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption, holdService } from './hold-service.ts';

export const runAllCommand: Command = {
  options: [backgroundOption, profileOption],
  positionals: [cloudPositional],
  examples: ['tedge run all az', 'tedge run all --log-level debug', 'tedge --config-dir ./edge run all az'],
  notes: [
    'In the foreground until ^C: the local broker, unless one answers already, the bridge to the hub, the mapper and the agent.',
    'Messages that wait for the hub are kept below data.path.',
  ],
  async run(invocation) {
    const { terminal, platform, positionals } = invocation;
    cloudOf(positionals[0]);
    const settings = await openSettings(invocation);
    // Help, which loads this file, is not kept waiting by a broker.
    const { startEdge } = await import('#edge/run/start-edge.ts');
    const { log, ready, release } = await holdService(invocation, settings, mapperName);
    const interrupted = Promise.withResolvers<void>();
    const cancels = [terminal.onInterrupt(() => interrupted.resolve()), stayAwake()];
    try {
      const edge = await attempt('start', () => startEdge({ ...platform, log }, settings, { pid: process.pid }));
      log.info('edge.started', { broker: edge.broker, address: edge.address });
      await ready();
      await interrupted.promise;
      await edge.stop();
    } finally {
      for (const cancel of cancels) cancel();
      await release();
    }
  },
};
