import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';

export const hubListCommand: Command = {
  options: [jsonOption],
  examples: ['homeport hub list', 'homeport hub list --json'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: '/hubs' });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Host name', read: (row) => String(row.hostName) },
        { heading: 'Devices', read: (row) => String(row.deviceCount) },
      ],
      data: rows,
      whenEmpty: 'There is no hub.',
    });
  },
};
