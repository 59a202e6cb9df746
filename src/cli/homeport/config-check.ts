import type { Command } from '../kit/command.ts';
import { asCommandFailure, CommandFailure } from '../kit/failure.ts';
import { configOption, loadSettings } from './load-settings.ts';

export const configCheckCommand: Command = {
  options: [configOption],
  examples: ['homeport config check', 'homeport config check --config homeport.toml'],
  async run(invocation) {
    try {
      const { values } = loadSettings(invocation);
      invocation.terminal.print(`${Object.keys(values).length} settings, all of them valid`);
    } catch (error) {
      // A wrong setting is what this command is for, not a wrong use of it.
      const { message, fix } = asCommandFailure(error);
      throw new CommandFailure('failed', message, { ...(fix && { fix }) });
    }
  },
};
