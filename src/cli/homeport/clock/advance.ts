import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { printWhenThere } from './print-clock.ts';
import { readSpan } from './read-span.ts';

export const clockAdvanceCommand: Command = {
  options: [jsonOption],
  positionals: [{ name: 'SPAN', isRequired: true, summary: 'Such as 30d, 12h, 90m or 1d12h' }],
  examples: ['homeport clock advance 30d', 'homeport clock advance 12h', 'homeport clock advance 1d12h --json'],
  notes: [
    'Only in a data directory that was made with: homeport start --development',
    'What falls due on the way is done on the way. There is no way back.',
  ],
  async run(invocation) {
    const ms = readSpan(invocation.positionals[0] ?? '');
    await printWhenThere(invocation, await administer(invocation, { method: 'POST', path: '/clock/advance', json: { ms } }));
  },
};
