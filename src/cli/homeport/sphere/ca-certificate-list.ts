import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { spherePath, tenantOption } from './sphere-options.ts';

export const caCertificateListCommand: Command = {
  options: [tenantOption, jsonOption],
  examples: ['homeport sphere ca-certificate list', 'homeport sphere ca-certificate list --json'],
  notes: ['Of a CA certificate that waits it says who trusts the present one and does not trust this one yet.'],
  async run(invocation) {
    const { value } = await administer(invocation, { method: 'GET', path: spherePath(invocation, '/sphere/certificates') });
    const rows = Array.isArray(value) ? value.filter(isJsonObject) : [];
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Thumbprint', read: (row) => String(row.thumbprint) },
        { heading: 'Status', read: (row) => String(row.status) },
        { heading: 'Until', read: (row) => String(row.notAfter) },
        { heading: 'Not trusted yet at', read: (row) => (Array.isArray(row.lacking) ? row.lacking.join(', ') : '') },
      ],
      data: rows,
      whenEmpty: 'The tenant has no CA certificates.',
    });
  },
};
