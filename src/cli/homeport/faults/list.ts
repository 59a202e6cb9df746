import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from '../hub/hub-option.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { effectWords, targetWords } from './rule-words.ts';

export const faultsListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport faults list', 'homeport faults list --hub berlin', 'homeport faults list --json'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/faults') });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Id', read: (row) => String(row.id) },
        { heading: 'What', read: effectWords },
        { heading: 'For', read: targetWords },
        { heading: 'Protocol', read: (row) => String(row.protocol ?? 'all') },
        { heading: 'Until', read: (row) => String(row.endsAt ?? 'removed') },
      ],
      data: rows,
      whenEmpty: 'Nothing goes wrong on purpose.',
    });
  },
};
