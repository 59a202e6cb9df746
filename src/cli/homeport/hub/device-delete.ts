import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

export const deviceDeleteCommand: Command = {
  options: [deviceIdOption, hubOption],
  examples: ['homeport hub device delete --device-id dev1'],
  async run(invocation) {
    const deviceId = invocation.options.required('device-id');
    await administer(invocation, { method: 'DELETE', path: hubPath(invocation, `/hub/devices/${encodeURIComponent(deviceId)}`) });
    invocation.terminal.print(`Deleted ${deviceId}.`);
  },
};
