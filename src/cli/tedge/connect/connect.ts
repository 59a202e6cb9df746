import { chooseMode, findConnectedMode } from '#edge/connect/choose-mode.ts';
import { check, connect } from '#edge/connect/connect.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { stayAwake } from '../stay-awake.ts';
import { profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { checkFailure, cloudRequired, concludeConnect, openConnectionWorld, requireBridge } from './connection-world.ts';

export const connectCommand: Command = {
  options: [
    { name: 'test', summary: 'Only check the connection that is there' },
    { name: 'offline', summary: 'Configure and start without checking that the hub answers' },
    profileOption,
  ],
  positionals: [cloudRequired],
  examples: ['tedge connect az', 'tedge connect az --test', 'tedge connect az --offline'],
  notes: [
    'Starts the local broker, the bridge to the hub and the mapper in the background, with the service manager of the machine if that',
    'has a service tedge-mapper-az. Exit code 1 also when the hub does not answer: the bridge then goes on trying. A certificate that',
    'cert renew made is adopted.',
  ],
  async run(invocation) {
    const { options, platform } = invocation;
    if (options.isSet('test') && options.isSet('offline'))
      throw new CommandFailure('usage', '--test and --offline exclude each other.');
    const world = await openConnectionWorld(invocation);
    const { broker, transcript } = world;
    const sleep = stayAwake();
    try {
      if (options.isSet('test')) {
        const mode = await attempt('check the connection to az', () => findConnectedMode(platform, world));
        if (!mode) {
          throw new CommandFailure('failed', 'failed to check the connection to az', {
            why: 'The device is not connected to Azure.',
            fix: "Run 'tedge connect az'.",
          });
        }
        const bridge = await requireBridge(world);
        if ((await check(platform, { bridge, broker, transcript })) === 'failed') throw await checkFailure(mode, bridge);
        return;
      }
      const bridge = await requireBridge(world);
      const isOffline = options.isSet('offline');
      const mode = await attempt('connect to az', () => chooseMode(platform, world));
      const outcome = await attempt('connect to az', () => connect(platform, { bridge, broker, mode, transcript, isOffline }));
      await concludeConnect(invocation, { mode, bridge }, outcome);
    } finally {
      sleep();
    }
  },
};
