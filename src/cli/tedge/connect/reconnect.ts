import { chooseMode, findConnectedMode } from '#edge/connect/choose-mode.ts';
import { connect } from '#edge/connect/connect.ts';
import { disconnect } from '#edge/connect/disconnect.ts';
import { validateConnection } from '#edge/connect/validate-connection.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { cloudRequired, concludeConnect, openConnectionWorld, requireBridge } from './connection-world.ts';

export const reconnectCommand: Command = {
  options: [{ name: 'offline', summary: 'Configure and start without checking that the hub answers' }, profileOption],
  positionals: [cloudRequired],
  examples: ['tedge reconnect az', 'tedge reconnect az --offline'],
  notes: [
    'disconnect, then connect: settings that were changed hold from then on, and a certificate that cert renew made is adopted.',
  ],
  async run(invocation) {
    const { options, platform } = invocation;
    const world = await openConnectionWorld(invocation);
    const { broker, transcript } = world;
    const sleep = stayAwake();
    try {
      // A connection that works is not given up for one that cannot.
      const bridge = await requireBridge(world);
      const outcome = await attempt('reconnect to az', async () => {
        const mode = await chooseMode(platform, world);
        await validateConnection(bridge);
        await mode.validate();
        await disconnect(await findConnectedMode(platform, world), transcript);
        return { mode, ...(await connect(platform, { bridge, broker, mode, transcript, isOffline: options.isSet('offline') })) };
      });
      await concludeConnect(invocation, { mode: outcome.mode, bridge }, outcome);
    } finally {
      sleep();
    }
  },
};
