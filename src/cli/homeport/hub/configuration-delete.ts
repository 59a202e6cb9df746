import type { Command } from '../../kit/command.ts';
import { askHub } from './ask-hub.ts';
import { configurationIdOption, configurationPath } from './configuration-lines.ts';
import { hubOption } from './hub-option.ts';

export const configurationDeleteCommand: Command = {
  options: [configurationIdOption, hubOption],
  examples: ['homeport hub configuration delete -c winter'],
  notes: ['What it wrote stays, unless another configuration is meant for the device.'],
  async run(invocation) {
    const id = invocation.options.required('config-id');
    await askHub(invocation, { method: 'DELETE', path: configurationPath(id) });
    invocation.terminal.print(`Deleted the configuration ${id}.`);
  },
};
