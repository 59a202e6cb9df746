import { serverSettings } from '#server/config.ts';
import type { Command } from '../kit/command.ts';
import { jsonOption, printRows } from './json-output.ts';
import { configOption, loadSettings } from './load-settings.ts';

export const configShowCommand: Command = {
  options: [configOption, jsonOption],
  examples: ['homeport config show', 'homeport config show --config /etc/homeport.toml --json'],
  async run(invocation) {
    const { values, origins } = loadSettings(invocation);
    const rows = Object.entries(values).map(([name, value]) => ({
      name,
      value: Array.isArray(value) ? value.join(', ') : String(value),
      origin: origins[name] ?? 'default',
      describe: serverSettings[name as keyof typeof serverSettings].describe,
    }));
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Setting', read: (row) => row.name },
        { heading: 'Value', read: (row) => row.value },
        { heading: 'From', read: (row) => row.origin },
      ],
      data: rows,
      whenEmpty: '',
    });
  },
};
