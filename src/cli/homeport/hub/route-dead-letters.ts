import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { routingName, rowsOf } from './routing-options.ts';

export const routeDeadLettersCommand: Command = {
  options: [{ name: 'discard', summary: 'Forget them' }, hubOption, jsonOption],
  positionals: [routingName('destination')],
  examples: ['homeport hub route dead-letters alarm', 'homeport hub route dead-letters alarm --discard'],
  notes: ['Events that the destination would not take. At most 1000 are kept; then its delivery waits.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/destinations/${encodeURIComponent(name)}/dead-letters`);
    if (options.isSet('discard')) {
      const { discarded } = await administer(invocation, { method: 'DELETE', path });
      return terminal.print(`Discarded ${discarded}.`);
    }
    const rows = rowsOf((await administer(invocation, { method: 'GET', path })).value);
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Position', read: (row) => String(row.position) },
        { heading: 'Device', read: (row) => String(row.deviceId) },
        { heading: 'Failed', read: (row) => String(row.failedAt) },
        { heading: 'Reason', read: (row) => String(row.reason) },
      ],
      data: rows,
      whenEmpty: 'There are no dead letters.',
    });
  },
};
