import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { printClock } from './print-clock.ts';

export const clockRunCommand: Command = {
  options: [
    { name: 'speed', value: 'N', isRequired: true, summary: 'How many seconds pass in one: 525600 is a year in a minute' },
    { name: 'until', value: 'INSTANT', summary: 'Where it ends by itself; without it, homeport clock stop ends it' },
    jsonOption,
  ],
  examples: [
    'homeport clock run --speed 1440',
    'homeport clock run --speed 525600 --until 2027-12-01',
    'homeport clock run --speed 60 --json',
  ],
  notes: [
    'Only in a data directory that was made with: homeport start --development',
    'It goes no faster than what falls due can be done. A server that starts again goes on at the speed of real time.',
  ],
  async run(invocation) {
    const speed = invocation.options.number('speed', { min: 1, max: 10_000_000 });
    if (speed === undefined) throw new CommandFailure('usage', '--speed is missing.');
    const until = invocation.options.text('until');
    const json = { speed, ...(until !== undefined && { until }) };
    printClock(invocation, await administer(invocation, { method: 'POST', path: '/clock/run', json }));
  },
};
