import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { eventsOption, filesOf } from './file-name-option.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const fileListCommand: Command = {
  options: [
    { name: 'prefix', value: 'TEXT', summary: 'Only names that begin so, for instance dev1/' },
    eventsOption,
    hubOption,
    jsonOption,
  ],
  examples: ['homeport hub file list', 'homeport hub file list --prefix dev1/', 'homeport hub file list --json'],
  async run(invocation) {
    const { options } = invocation;
    const prefix = options.text('prefix');
    const rows: JsonObject[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const query = { ...filesOf(invocation), ...(prefix !== undefined && { prefix }), ...(after !== '' && { after }) };
      const page: JsonObject = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/files', query) });
      rows.push(...(Array.isArray(page.value) ? page.value.filter(isJsonObject) : []));
      after = typeof page.after === 'string' ? page.after : undefined;
    }
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.name) },
        { heading: 'Bytes', read: (row) => String(row.bytes) },
        { heading: 'Modified', read: (row) => String(row.modifiedAt) },
      ],
      data: rows,
      whenEmpty: 'There are no files.',
    });
  },
};
