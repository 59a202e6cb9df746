import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption } from './hub-option.ts';
import { loadRouting, rowsOf } from './routing-options.ts';

export const destinationListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub destination list', 'homeport hub destination list --json'],
  notes: ['unhealthy: it does not take events at present, and gets them when it does. dead: so for more than a day.'],
  async run(invocation) {
    const rows = rowsOf((await loadRouting(invocation)).destinations);
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Type', read: (row) => String(row.type) },
        { heading: 'Where', read: (row) => String(row.origin ?? row.fileNameFormat) },
        { heading: 'Health', read: (row) => String(healthOf(row).status) },
        { heading: 'Dead letters', read: (row) => String(row.deadLetters) },
        { heading: 'Last error', read: (row) => String(healthOf(row).lastError ?? '') },
      ],
      data: rows,
      whenEmpty: 'There are no destinations.',
    });
  },
};

function healthOf({ health }: JsonObject): JsonObject {
  return isJsonObject(health) ? health : {};
}
