import { parseSetting } from '#edge/settings/setting-value.ts';
import type { Command } from '../../kit/command.ts';
import { openSettingsFile, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { keyPositional, settingOf, spellingNote } from './setting-of.ts';

export const configSetCommand: Command = {
  options: [profileOption],
  positionals: [keyPositional, { name: 'VALUE', isRequired: true, summary: 'Its value; a list has commas between its items' }],
  examples: [
    'tedge config set az.url my-hub.example',
    'tedge config set az.root_cert_path /etc/ssl/certs/my-hub.pem',
    'tedge config set mqtt.bind.port 1884',
  ],
  notes: [spellingNote, 'az.url may end in a port, such as my-hub.example:18883. Comments in tedge.toml are not kept.'],
  async run(invocation) {
    const [word, text = ''] = invocation.positionals;
    const name = settingOf(word);
    const file = await openSettingsFile(invocation);
    await attempt(`set '${name}'`, async () => {
      file.set(name, parseSetting(name, text));
      await file.save(invocation.platform.random);
    });
  },
};
