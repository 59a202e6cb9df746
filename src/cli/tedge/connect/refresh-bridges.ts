import { findConnectedMode } from '#edge/connect/choose-mode.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { openConnectionWorld } from './connection-world.ts';

export const refreshBridgesCommand: Command = {
  options: [profileOption],
  examples: ['tedge refresh-bridges', 'tedge refresh-bridges --config-dir ./edge'],
  notes: [
    'Writes the files of a connection that is there anew and restarts what reads them. Without one there is nothing to do.',
  ],
  async run(invocation) {
    const { platform, terminal } = invocation;
    const world = await openConnectionWorld(invocation);
    const sleep = stayAwake();
    try {
      await attempt('refresh the bridge to az', async () => {
        const mode = await findConnectedMode(platform, world);
        if (!mode) {
          terminal.print("Bridge doesn't exist. Operation finished!");
          return;
        }
        await mode.validate();
        await mode.save();
        await mode.start(world.transcript.tell);
      });
    } finally {
      sleep();
    }
  },
};
