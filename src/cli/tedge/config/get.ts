import { loadEffective } from '#edge/certificate/effective-setting.ts';
import { formatSetting } from '#edge/settings/setting-value.ts';
import type { Command } from '../../kit/command.ts';
import { openSettings, profileOption } from '../tedge-command.ts';
import { attempt, PlainFailure } from '../tedge-failure.ts';
import { keyPositional, settingOf, spellingNote } from './setting-of.ts';

export const configGetCommand: Command = {
  options: [profileOption],
  positionals: [keyPositional],
  examples: ['tedge config get az.url', 'tedge config get az.root.cert.path', 'tedge config get device.id'],
  notes: [spellingNote, 'TEDGE_AZ_URL in the environment wins over az.url in the file; so with every setting.'],
  async run(invocation) {
    const [word] = invocation.positionals;
    const name = settingOf(word);
    const settings = await openSettings(invocation);
    const value = await attempt(`read '${name}'`, () => loadEffective(settings, name));
    if (value === undefined) {
      throw new PlainFailure(
        `The provided config key: '${word}' is not set`,
        name.endsWith('device.id') ? { fix: "Run 'tedge cert create --device-id ID': the id is read from the certificate." } : {},
      );
    }
    invocation.terminal.print(formatSetting(value));
  },
};
