import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const routeFallbackCommand: Command = {
  options: [hubOption],
  positionals: [{ name: 'STATE', isRequired: true, summary: 'on or off' }],
  examples: ['homeport hub route fallback off', 'homeport hub route fallback on'],
  notes: ['It takes telemetry that no route takes to events. Without any route, telemetry goes there in any case.'],
  async run({ positionals, ...invocation }) {
    const [state = ''] = positionals;
    if (state !== 'on' && state !== 'off') throw new CommandFailure('usage', `'${state}' is neither on nor off.`);
    const path = hubPath(invocation, '/hub/routing/fallback');
    await administer(invocation, { method: 'PUT', path, json: { isEnabled: state === 'on' } });
    invocation.terminal.print(`The fallback is ${state}.`);
  },
};
