import type { Command } from '../../kit/command.ts';
import { changeDevice } from './device-update.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

export const deviceEnableCommand: Command = {
  options: [deviceIdOption, hubOption],
  examples: ['homeport hub device enable -d dev1'],
  async run(invocation) {
    await changeDevice(invocation, { status: 'enabled', statusReason: null });
    invocation.terminal.print(`Enabled ${invocation.options.required('device-id')}.`);
  },
};
