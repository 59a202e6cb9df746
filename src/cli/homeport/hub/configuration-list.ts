import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { askHub } from './ask-hub.ts';
import { countsOf, kindOf } from './configuration-lines.ts';
import { hubOption } from './hub-option.ts';

export const configurationListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub configuration list', 'homeport hub configuration list --json'],
  async run(invocation) {
    const { json } = await askHub(invocation, { method: 'GET', path: '/configurations' });
    const rows = Array.isArray(json) ? json.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Configuration', read: ({ id }) => String(id) },
        { heading: 'For', read: kindOf },
        { heading: 'Condition', read: ({ targetCondition }) => String(targetCondition) },
        { heading: 'Priority', read: ({ priority }) => String(priority) },
        {
          heading: 'Applied',
          read: (row) => {
            const counts = new Map(countsOf(row));
            return `${counts.get('appliedCount') ?? 0} of ${counts.get('targetedCount') ?? 0}`;
          },
        },
      ],
      data: rows,
      whenEmpty: 'There are no configurations.',
    });
  },
};
