import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { printWhenThere } from './print-clock.ts';

export const clockSetCommand: Command = {
  options: [jsonOption],
  positionals: [{ name: 'INSTANT', isRequired: true, summary: 'Such as 2027-01-31 or 2027-01-31T12:00:00Z, later than now' }],
  examples: [
    'homeport clock set 2027-01-31',
    'homeport clock set 2027-01-31T12:00:00Z',
    'homeport clock set 2027-01-31T12:00:00Z --json',
  ],
  notes: [
    'Only in a data directory that was made with: homeport start --development',
    'What falls due on the way is done on the way. There is no way back.',
  ],
  async run(invocation) {
    const at = invocation.positionals[0] ?? '';
    await printWhenThere(invocation, await administer(invocation, { method: 'POST', path: '/clock/set', json: { at } }));
  },
};
