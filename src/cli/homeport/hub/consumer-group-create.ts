import type { Command, PositionalSpec } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const consumerGroupPositional: PositionalSpec = {
  name: 'NAME',
  isRequired: true,
  summary: 'At most 50 letters, digits, dots, hyphens and underscores',
};

export const consumerGroupCreateCommand: Command = {
  options: [hubOption, jsonOption],
  positionals: [consumerGroupPositional],
  examples: ['homeport hub consumer-group create dashboard', 'homeport hub consumer-group create dashboard --hub plant-2'],
  notes: [
    'Each group reads every event by itself; its readers keep their own checkpoints. A hub has $Default and up to 20 more.',
    'The connection string for readers: homeport status --json --secrets',
  ],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [name = ''] = positionals;
    const path = hubPath(invocation, `/hub/consumer-groups/${encodeURIComponent(name)}`);
    const group = await administer(invocation, { method: 'PUT', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(group, undefined, 2));
    terminal.print(`Created ${group.name}.`);
  },
};
