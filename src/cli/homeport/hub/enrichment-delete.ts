import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const enrichmentDeleteCommand: Command = {
  options: [hubOption],
  positionals: [{ name: 'KEY', isRequired: true, summary: 'What the property is called' }],
  examples: ['homeport hub enrichment delete site'],
  async run({ positionals, ...invocation }) {
    const [key = ''] = positionals;
    const path = hubPath(invocation, `/hub/routing/enrichments/${encodeURIComponent(key)}`);
    await administer(invocation, { method: 'DELETE', path });
    invocation.terminal.print(`Deleted ${key}.`);
  },
};
