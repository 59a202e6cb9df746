import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { eventsOption, fileNameOption, filesOf } from './file-name-option.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const fileDeleteCommand: Command = {
  options: [fileNameOption, eventsOption, hubOption],
  examples: ['homeport hub file delete --name dev1/log.txt'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const name = options.required('name');
    await administer(invocation, { method: 'DELETE', path: hubPath(invocation, '/hub/files', { name, ...filesOf(invocation) }) });
    terminal.print(`Deleted ${name}.`);
  },
};
