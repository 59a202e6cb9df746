import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { fileNameOption } from './file-name-option.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const fileDeleteCommand: Command = {
  options: [fileNameOption, hubOption],
  examples: ['homeport hub file delete --name dev1/log.txt'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const name = options.required('name');
    await administer(invocation, { method: 'DELETE', path: hubPath(invocation, '/hub/files', { name }) });
    terminal.print(`Deleted ${name}.`);
  },
};
