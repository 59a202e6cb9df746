import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

export const deviceShowCommand: Command = {
  options: [
    deviceIdOption,
    { name: 'secrets', summary: 'Print the connection string, which holds the key' },
    hubOption,
    jsonOption,
  ],
  examples: ['homeport hub device show -d dev3', 'homeport hub device show -d dev3 --json --secrets'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = `/hub/devices/${encodeURIComponent(options.required('device-id'))}`;
    const device = await administer(invocation, {
      method: 'GET',
      path: hubPath(invocation, path, options.isSet('secrets') ? { secrets: 'true' } : {}),
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    const { deviceId, isEnabled, authentication, connectionString } = device;
    terminal.print(`Device id          ${deviceId}`);
    terminal.print(`Enabled            ${isEnabled === true ? 'yes' : 'no'}`);
    terminal.print(`Authentication     ${isJsonObject(authentication) ? authentication.type : ''}`);
    if (typeof connectionString === 'string') terminal.print(`Connection string  ${connectionString}`);
  },
};
