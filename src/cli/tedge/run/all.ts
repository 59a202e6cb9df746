import { mapperName } from '#edge/mapper/build-mapper.ts';
import type { Command } from '../../kit/command.ts';
import { cloudOf, cloudPositional, openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { backgroundOption } from './hold-service.ts';
import { runService } from './run-service.ts';

export const runAllCommand: Command = {
  options: [backgroundOption, profileOption],
  positionals: [cloudPositional],
  examples: ['tedge run all az', 'tedge run all --log-level debug', 'tedge --config-dir ./edge run all az'],
  notes: [
    'In the foreground until ^C: the local broker, unless one answers already, the bridge to the hub, the mapper and the agent.',
    'Messages that wait for the hub are kept below data.path.',
  ],
  async run(invocation) {
    cloudOf(invocation.positionals[0]);
    const settings = await openSettings(invocation);
    // Help, which loads this file, is not kept waiting by a broker.
    const { startEdge } = await import('#edge/run/start-edge.ts');
    await runService(invocation, settings, mapperName, async (platform) => {
      const edge = await attempt('start', () => startEdge(platform, settings, { pid: process.pid }));
      platform.log.info('edge.started', { broker: edge.broker, address: edge.address });
      return edge;
    });
  },
};
