import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { askHub } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { progressOf } from './job-lines.ts';

const kinds: Readonly<Record<string, string>> = { twin: 'scheduleUpdateTwin', method: 'scheduleDeviceMethod' };
const statuses = ['queued', 'scheduled', 'running', 'completed', 'failed', 'cancelled'];

export const jobListCommand: Command = {
  options: [
    { name: 'kind', value: 'KIND', summary: 'Only twin or method' },
    { name: 'status', value: 'STATUS', summary: `Only ${statuses.slice(0, -1).join(', ')} or ${statuses.at(-1)}` },
    hubOption,
    jsonOption,
  ],
  examples: ['homeport hub job list', 'homeport hub job list --status running', 'homeport hub job list --kind method --json'],
  notes: ['Jobs that ended are kept for 30 days.'],
  async run(invocation) {
    const { options } = invocation;
    const kind = oneOf(options.text('kind'), 'kind', Object.keys(kinds));
    const status = oneOf(options.text('status'), 'status', statuses);
    const query = { ...(kind && { jobType: kinds[kind] ?? kind }), ...(status && { jobStatus: status }) };
    const rows: JsonObject[] = [];
    let continuation = '';
    do {
      const { json, headers } = await askHub(invocation, {
        method: 'GET',
        path: '/jobs/v2/query',
        query,
        ...(continuation !== '' && { headers: { 'x-ms-continuation': continuation } }),
      });
      rows.push(...(Array.isArray(json) ? json.filter(isJsonObject) : []));
      continuation = String(headers['x-ms-continuation'] ?? '');
    } while (continuation !== '');
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Job id', read: (row) => String(row.jobId) },
        { heading: 'Kind', read: (row) => String(row.type) },
        { heading: 'Status', read: (row) => String(row.status) },
        { heading: 'Devices', read: progressOf },
        { heading: 'Created', read: (row) => String(row.createdTime) },
      ],
      data: rows,
      whenEmpty: 'There are no jobs.',
    });
  },
};

function oneOf(value: string | undefined, option: string, known: readonly string[]): string | undefined {
  if (value === undefined || known.includes(value)) return value;
  throw new CommandFailure('usage', `--${option} got '${value}'.`, { why: `${known.join(', ')} are known.` });
}
