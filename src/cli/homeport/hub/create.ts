import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubNamePositional } from './hub-option.ts';

export const hubCreateCommand: Command = {
  options: [jsonOption],
  positionals: [hubNamePositional],
  examples: ['homeport hub create plant-2', 'homeport hub create plant-2 --json'],
  notes: [
    'The hub takes devices at once. They name its host name in their connection string; where that name does not',
    'resolve they dial the server’s own, for instance as GatewayHostName.',
    'Its keys: homeport status --json --secrets',
  ],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const hub = await administer(invocation, { method: 'PUT', path: `/hubs/${encodeURIComponent(name)}` });
    if (options.isSet('json')) return terminal.print(JSON.stringify(hub, undefined, 2));
    terminal.print(`Created ${hub.name}. Its host name: ${hub.hostName}`);
  },
};
