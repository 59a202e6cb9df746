import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { deviceIdPositional, spherePath, tenantOption } from './sphere-options.ts';

export const deviceResumeCommand: Command = {
  options: [tenantOption, jsonOption],
  positionals: [deviceIdPositional],
  examples: ['homeport sphere device resume DEVICE-ID'],
  notes: ['It gets certificates again, and those it has are good again until they end.'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [deviceId = ''] = positionals;
    const path = spherePath(invocation, `/sphere/devices/${encodeURIComponent(deviceId)}/resume`);
    const device = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    terminal.print(`Resumed ${device.deviceId}.`);
  },
};
