import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { hubOption, hubPath } from './hub-option.ts';

export const deviceDeleteCommand: Command = {
  options: [
    { name: 'device-id', short: 'd', value: 'ID', isRequired: true, summary: 'The device id, letter for letter' },
    hubOption,
  ],
  examples: ['homeport hub device delete --device-id dev1'],
  async run(invocation) {
    const deviceId = invocation.options.required('device-id');
    await administer(invocation, { method: 'DELETE', path: hubPath(invocation, `/hub/devices/${encodeURIComponent(deviceId)}`) });
    invocation.terminal.print(`Deleted ${deviceId}.`);
  },
};
