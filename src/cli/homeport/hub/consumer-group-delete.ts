import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { consumerGroupPositional } from './consumer-group-create.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const consumerGroupDeleteCommand: Command = {
  options: [hubOption],
  positionals: [consumerGroupPositional],
  examples: ['homeport hub consumer-group delete dashboard'],
  notes: ['Its readers are sent away. No event goes: other groups read on.'],
  async run({ positionals, ...invocation }) {
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/consumer-groups/${encodeURIComponent(name)}`);
    await administer(invocation, { method: 'DELETE', path });
    invocation.terminal.print(`Deleted ${name}.`);
  },
};
