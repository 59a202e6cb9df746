import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { routingName } from './routing-options.ts';

export const routeReplayCommand: Command = {
  options: [hubOption, jsonOption],
  positionals: [routingName('destination')],
  examples: ['homeport hub route replay alarm', 'homeport hub route replay alarm --json'],
  notes: ['Sends the destination’s dead letters again, the oldest first. What it takes is forgotten.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/destinations/${encodeURIComponent(name)}/replay`);
    const answer = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(answer, undefined, 2));
    const { replayed, remaining, reason } = answer;
    terminal.print(`Replayed ${replayed}; ${remaining} remaining.${reason === undefined ? '' : ` ${reason}`}`);
  },
};
