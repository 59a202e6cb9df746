import { loadEffective } from '#edge/certificate/effective-setting.ts';
import { type SettingName, settingKey, settingNames } from '#edge/settings/setting-keys.ts';
import { formatSetting, type SettingValue } from '#edge/settings/setting-value.ts';
import type { Command } from '../../kit/command.ts';
import { openSettings, profileOption } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

export const configListCommand: Command = {
  options: [
    { name: 'all', summary: 'Those without a value too' },
    { name: 'doc', summary: 'What each setting is for, instead of values' },
    profileOption,
  ],
  positionals: [{ name: 'FILTER', isRequired: false, summary: 'Only keys that contain this' }],
  examples: ['tedge config list', 'tedge config list --all az.', 'tedge config list --doc'],
  notes: ['A setting with a default has a value.'],
  async run(invocation) {
    const { options, positionals, terminal } = invocation;
    const settings = await openSettings(invocation);
    const names = settingNames.filter((name) => name.includes(positionals[0] ?? ''));
    if (options.isSet('doc')) {
      const width = Math.max(...names.map((name) => name.length));
      for (const name of names) terminal.print(`${name.padEnd(width)}  ${settingKey(name).note}`);
      return;
    }
    const values: [SettingName, SettingValue | undefined][] = [];
    for (const name of names) values.push([name, await attempt(`read '${name}'`, () => loadEffective(settings, name))]);
    for (const [name, value] of values) if (value !== undefined) terminal.print(`${name}=${formatSetting(value)}`);
    const unset = values.filter(([, value]) => value === undefined);
    if (!options.isSet('all') || unset.length === 0) return;
    terminal.print('');
    for (const [name] of unset) terminal.print(`${name}=`);
  },
};
