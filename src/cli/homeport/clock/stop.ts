import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { printClock } from './print-clock.ts';

export const clockStopCommand: Command = {
  options: [jsonOption],
  examples: ['homeport clock stop', 'homeport clock stop --json', 'homeport clock stop --data /srv/homeport'],
  notes: ['The clock goes on from where it is, as fast as a real one.'],
  async run(invocation) {
    printClock(invocation, await administer(invocation, { method: 'POST', path: '/clock/stop' }));
  },
};
