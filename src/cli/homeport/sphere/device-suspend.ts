import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { deviceIdPositional, spherePath, tenantOption } from './sphere-options.ts';

export const deviceSuspendCommand: Command = {
  options: [tenantOption, jsonOption],
  positionals: [deviceIdPositional],
  examples: ['homeport sphere device suspend DEVICE-ID', 'homeport sphere device suspend DEVICE-ID --json'],
  notes: [
    'It gets no certificate until homeport sphere device resume, those it has are put on hold, and hub and provisioning',
    'service end its sessions.',
  ],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [deviceId = ''] = positionals;
    const path = spherePath(invocation, `/sphere/devices/${encodeURIComponent(deviceId)}/suspend`);
    const device = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    terminal.print(`Suspended ${device.deviceId}.`);
  },
};
