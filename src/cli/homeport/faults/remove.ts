import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from '../hub/hub-option.ts';

export const faultsRemoveCommand: Command = {
  positionals: [{ name: 'ID', isRequired: true, summary: 'As homeport faults list prints it' }],
  options: [hubOption],
  examples: ['homeport faults remove f1', 'homeport faults remove f1 --hub berlin', 'homeport faults list'],
  async run(invocation) {
    const [id = ''] = invocation.positionals;
    await administer(invocation, { method: 'DELETE', path: hubPath(invocation, `/faults/${encodeURIComponent(id)}`) });
    invocation.terminal.print(`${id} is over.`);
  },
};
