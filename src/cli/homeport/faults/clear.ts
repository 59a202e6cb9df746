import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from '../hub/hub-option.ts';

export const faultsClearCommand: Command = {
  options: [hubOption],
  examples: ['homeport faults clear', 'homeport faults clear --hub berlin', 'homeport faults list'],
  async run(invocation) {
    const { removed } = await administer(invocation, { method: 'DELETE', path: hubPath(invocation, '/faults') });
    invocation.terminal.print(`${removed === 1 ? '1 fault is' : `${String(removed)} faults are`} over.`);
  },
};
