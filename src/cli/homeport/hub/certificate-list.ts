import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const certificateListCommand: Command = {
  options: [hubOption, jsonOption],
  examples: ['homeport hub certificate list'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: hubPath(invocation, '/hub/certificates') });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Name', read: (row) => String(row.certificateId) },
        { heading: 'Status', read: (row) => (row.isVerified === true ? 'Verified' : 'Unverified') },
        { heading: 'Thumbprint', read: (row) => String(row.sha1Thumbprint) },
        { heading: 'Subject', read: (row) => String(row.subject) },
      ],
      data: rows,
      whenEmpty: 'The hub has no CA certificates. Upload one: homeport hub certificate upload --name NAME --path FILE',
    });
  },
};
