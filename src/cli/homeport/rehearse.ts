import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../kit/command.ts';
import { administer } from './administration.ts';
import { jsonOption, printRows } from './json-output.ts';

export const rehearseCommand: Command = {
  options: [
    {
      name: 'until',
      value: 'DATE',
      isRequired: true,
      summary: 'Look ahead to this instant: 2027-01-31, or 2027-01-31T12:00:00Z',
    },
    jsonOption,
  ],
  examples: [
    'homeport rehearse --until 2027-01-31',
    'homeport rehearse --until 2027-01-31T12:00:00Z --json',
    'homeport rehearse --until 2028-01-01 --data /srv/homeport',
  ],
  notes: [
    'Every device’s last sign-in is decided again at each instant at which a certificate, a CA, a token or a revocation list',
    'ends, and nothing is moved. Devices that renew by themselves are expected to go on doing so.',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const query = new URLSearchParams({ until: options.required('until') });
    const rehearsal = await administer(invocation, { method: 'GET', path: `/rehearsal?${query}` });
    const drops = rowsOf(rehearsal.drops);
    printRows(invocation, {
      rows: drops,
      columns: [
        { heading: 'When', read: ({ at }) => String(at) },
        { heading: 'Device', read: ({ hub, deviceId }) => (hub === 'main' ? String(deviceId) : `${hub}/${deviceId}`) },
        { heading: 'Reason', read: ({ reason }) => String(reason) },
        { heading: 'Fix', read: ({ fix }) => String(fix) },
      ],
      data: rehearsal,
      whenEmpty: `No device drops until ${rehearsal.until}.`,
    });
    if (options.isSet('json')) return;
    for (const { kind, name, at, drops: count } of rowsOf(rehearsal.ends)) {
      terminal.complain(`${at} ${kind} ${name} ends: ${count === 0 ? 'nobody drops' : `${count} devices drop`}`);
    }
    const unsure = rowsOf(rehearsal.unsure);
    if (unsure.length > 0) {
      terminal.complain(`Not known of ${unsure.length}, which came once with a short-lived token: ${namesOf(unsure)}`);
    }
    const counts = isJsonObject(rehearsal.counts) ? rehearsal.counts : {};
    terminal.complain(
      `${counts.drop} drop, ${counts.stay} stay, ${counts.out} are out already; never seen: ${counts.neverSeen}, disabled: ${counts.disabled}`,
    );
  },
};

const namesMax = 10;

function namesOf(rows: readonly JsonObject[]): string {
  const names = rows.slice(0, namesMax).map(({ deviceId }) => String(deviceId));
  return `${names.join(', ')}${rows.length > namesMax ? ', …' : ''}`;
}

function rowsOf(value: JsonObject[string] | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
