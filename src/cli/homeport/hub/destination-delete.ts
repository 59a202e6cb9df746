import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { routingName } from './routing-options.ts';

export const destinationDeleteCommand: Command = {
  options: [hubOption],
  positionals: [routingName('destination')],
  examples: ['homeport hub destination delete alarm'],
  notes: ['With its dead letters. No route and no enrichment may lead there any more.'],
  async run({ positionals, ...invocation }) {
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/destinations/${encodeURIComponent(name)}`);
    await administer(invocation, { method: 'DELETE', path });
    invocation.terminal.print(`Deleted ${name}.`);
  },
};
