import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { routingName } from './routing-options.ts';

export const routeDeleteCommand: Command = {
  options: [hubOption],
  positionals: [routingName('route')],
  examples: ['homeport hub route delete hot'],
  async run({ positionals, ...invocation }) {
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/routes/${encodeURIComponent(name)}`);
    await administer(invocation, { method: 'DELETE', path });
    invocation.terminal.print(`Deleted ${name}.`);
  },
};
