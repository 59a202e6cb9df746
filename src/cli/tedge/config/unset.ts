import type { Command } from '../../kit/command.ts';
import { openSettingsFile, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { keyPositional, settingOf, spellingNote } from './setting-of.ts';

export const configUnsetCommand: Command = {
  options: [profileOption],
  positionals: [keyPositional],
  examples: ['tedge config unset az.url', 'tedge config unset az.root.cert.path', 'tedge config unset mqtt.bind.port'],
  notes: [spellingNote],
  async run(invocation) {
    const name = settingOf(invocation.positionals[0]);
    const file = await openSettingsFile(invocation);
    await attempt(`unset '${name}'`, async () => {
      if (file.unset(name)) await file.save(invocation.platform.random);
    });
  },
};
