import { findConnectedMode } from '#edge/connect/choose-mode.ts';
import { disconnect } from '#edge/connect/disconnect.ts';
import type { Command } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { cloudRequired, openConnectionWorld } from './connection-world.ts';

export const disconnectCommand: Command = {
  options: [profileOption],
  positionals: [cloudRequired],
  examples: ['tedge disconnect az', 'tedge disconnect --config-dir ./edge az'],
  notes: ['Stops what connect started. Messages that wait for the hub are kept below data.path and leave at the next connect.'],
  async run(invocation) {
    const world = await openConnectionWorld(invocation);
    const sleep = stayAwake();
    try {
      await attempt('disconnect from az', async () =>
        disconnect(await findConnectedMode(invocation.platform, world), world.transcript),
      );
    } finally {
      sleep();
    }
  },
};
