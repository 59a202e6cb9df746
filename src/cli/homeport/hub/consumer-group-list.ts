import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const consumerGroupListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub consumer-group list', 'homeport hub consumer-group list --hub plant-2 --json'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/consumer-groups') });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Created', read: (row) => String(row.createdAt) },
      ],
      data: rows,
      whenEmpty: 'There is no consumer group.',
    });
  },
};
