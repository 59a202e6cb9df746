import type { Command } from '../../kit/command.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption } from './hub-option.ts';
import { loadRouting, namesOf, rowsOf } from './routing-options.ts';

export const routeListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub route list', 'homeport hub route list --hub plant-2 --json'],
  notes: ['With --json also the fallback, enrichments, and destinations with their health.'],
  async run(invocation) {
    const routing = await loadRouting(invocation);
    const fallback = {
      name: '$fallback',
      source: 'DeviceMessages',
      condition: 'what no route takes',
      endpointNames: ['events'],
      isEnabled: routing.isFallbackEnabled ?? true,
    };
    printRows(invocation, {
      rows: [...rowsOf(routing.routes), fallback],
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Source', read: (row) => String(row.source) },
        { heading: 'Condition', read: (row) => String(row.condition) || 'true' },
        { heading: 'To', read: (row) => namesOf(row.endpointNames) },
        { heading: 'Enabled', read: (row) => (row.isEnabled ? 'yes' : 'no') },
      ],
      data: routing,
      whenEmpty: 'There are no routes.',
    });
  },
};
