import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../kit/command.ts';
import { administer } from './administration.ts';
import { jsonOption } from './json-output.ts';

export const auditCommand: Command = {
  options: [
    jsonOption,
    { name: 'service', value: 'NAME', summary: 'Only hub, provisioning, central, sphere or administration' },
    { name: 'hub', value: 'NAME', summary: 'Only what was changed at this hub' },
    { name: 'actor', value: 'NAME', summary: 'Only what this access policy, user or device changed' },
    { name: 'target', value: 'PATH', summary: 'Only paths that begin so, for instance /devices/dev1' },
    { name: 'since', value: 'TIME', summary: 'Not before, for instance 2026-06-01T00:00:00Z' },
    { name: 'until', value: 'TIME', summary: 'Only before' },
    { name: 'before', value: 'N', summary: 'Only entries before this number, to read on' },
    { name: 'limit', value: 'N', summary: 'At most N, newest first (default 20)' },
  ],
  examples: [
    'homeport audit',
    'homeport audit --target /devices/dev1',
    'homeport audit --service central --since 2026-06-01T00:00:00Z --json',
  ],
  notes: ['What was refused changed nothing, and is with homeport refusals.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const query = new URLSearchParams({ limit: String(options.number('limit', { min: 1, max: 1000, isInteger: true }) ?? 20) });
    for (const name of ['service', 'hub', 'actor', 'target', 'since', 'until', 'before']) {
      const value = options.text(name);
      if (value !== undefined) query.set(name, value);
    }
    const { value } = await administer(invocation, { method: 'GET', path: `/audit?${query}` });
    const entries = Array.isArray(value) ? value.filter(isJsonObject) : [];
    if (options.isSet('json')) return terminal.print(JSON.stringify(entries, undefined, 2));
    if (entries.length === 0) return terminal.complain('Nothing was changed.');
    for (const entry of entries) for (const line of describe(entry)) terminal.print(line);
  },
};

function describe(entry: JsonObject): string[] {
  const where = entry.hub === null ? entry.service : `${entry.service} ${entry.hub}`;
  return [
    `${entry.at}  ${where}  ${entry.action}  ${entry.status}`,
    `  number ${entry.sequence}`,
    `  who    ${entry.actor} (${entry.credential}) from ${entry.peer}`,
    `  what   ${entry.target}${entry.detail === '' ? '' : `: ${entry.detail}`}`,
    '',
  ];
}
