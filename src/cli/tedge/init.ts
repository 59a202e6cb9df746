import { join } from 'node:path';
import { makeTree } from '#edge/host/make-tree.ts';
import type { Command } from '../kit/command.ts';
import { stayAwake } from './stay-awake.ts';
import { openSettings, profileOption } from './tedge-command.ts';
import { attempt } from './tedge-failure.ts';

/** Below the configuration directory, as the original's package makes them (thin-edge.md 4). */
const names = ['mosquitto-conf', 'operations', 'plugins', 'sm-plugins', 'device-certs', 'mappers'] as const;

export const initCommand: Command = {
  options: [
    { name: 'user', value: 'USER', summary: 'Who owns the directories; without it they stay as they are' },
    { name: 'group', value: 'GROUP', summary: 'The group that may write in them' },
    { name: 'relative-links', summary: 'Accepted; the names of the components come with the package' },
    profileOption,
  ],
  examples: ['tedge init', 'tedge init --user tedge --group tedge', 'tedge init --config-dir ~/.tedge'],
  notes: [
    'Makes the directories of configuration, data and logs, with mode 0775. Nothing is changed in those that hold something already but',
    'mode and owner. Other commands make what they need themselves.',
  ],
  async run(invocation) {
    const { options, platform } = invocation;
    const settings = await openSettings(invocation);
    const directories = [
      settings.directory,
      ...names.map((name) => join(settings.directory, name)),
      settings.path('data.path'),
      settings.path('logs.path'),
    ];
    const sleep = stayAwake();
    try {
      await attempt('make the directories', () =>
        makeTree(platform.clock, directories, { user: options.text('user'), group: options.text('group') }),
      );
    } finally {
      sleep();
    }
  },
};
