import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { confirm, deviceIdPositional, spherePath, tenantOption, yesOption } from './sphere-options.ts';

export const deviceRevokeCommand: Command = {
  options: [yesOption, tenantOption, jsonOption],
  positionals: [deviceIdPositional],
  examples: ['homeport sphere device revoke DEVICE-ID', 'homeport sphere device revoke DEVICE-ID --yes'],
  notes: ['It never gets a certificate again. For a device that may come back: homeport sphere device suspend'],
  async run({ positionals, ...invocation }) {
    const { options, terminal } = invocation;
    const [deviceId = ''] = positionals;
    await confirm(invocation, {
      warning: 'A revoked device never gets a certificate again.',
      question: `Revoke ${deviceId}?`,
      failure: 'The device was not revoked.',
      fix: `homeport sphere device revoke ${deviceId} --yes`,
    });
    const path = spherePath(invocation, `/sphere/devices/${encodeURIComponent(deviceId)}/revoke`);
    const device = await administer(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    terminal.print(`Revoked ${device.deviceId}.`);
  },
};
