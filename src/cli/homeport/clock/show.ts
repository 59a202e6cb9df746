import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { printClock } from './print-clock.ts';

export const clockShowCommand: Command = {
  options: [jsonOption],
  examples: ['homeport clock', 'homeport clock --json', 'homeport clock --data /srv/homeport'],
  async run(invocation) {
    printClock(invocation, await administer(invocation, { method: 'GET', path: '/clock' }));
  },
};
