import type { Command } from '../../kit/command.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption } from './hub-option.ts';
import { loadRouting, namesOf, rowsOf } from './routing-options.ts';

export const enrichmentListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub enrichment list', 'homeport hub enrichment list --json'],
  async run(invocation) {
    const rows = rowsOf((await loadRouting(invocation)).enrichments);
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Key', read: (row) => String(row.key) },
        { heading: 'Value', read: (row) => String(row.value) },
        { heading: 'To', read: (row) => namesOf(row.endpointNames) },
      ],
      data: rows,
      whenEmpty: 'There are no enrichments.',
    });
  },
};
