import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { secretsOption } from './identity-options.ts';

export const policyListCommand: Command = {
  options: [secretsOption, hubOption, jsonOption],
  examples: ['homeport hub policy list', 'homeport hub policy list --secrets', 'homeport hub policy list --json --hub plant-2'],
  notes: ['What a back end takes: homeport hub connection-string --policy service'],
  async run(invocation) {
    const withSecrets = invocation.options.isSet('secrets');
    const path = hubPath(invocation, '/hub/policies', withSecrets ? { secrets: 'true' } : {});
    const { value } = await administer(invocation, { method: 'GET', path });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    const keys = [
      { heading: 'Primary key', read: (row: (typeof rows)[number]) => String(row.primaryKey) },
      { heading: 'Secondary key', read: (row: (typeof rows)[number]) => String(row.secondaryKey) },
    ];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Rights', read: (row) => (Array.isArray(row.rights) ? row.rights.join(', ') : '') },
        ...(withSecrets ? keys : []),
      ],
      data: rows,
      whenEmpty: 'The hub has no policies.',
    });
  },
};
