import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption } from '../json-output.ts';
import { authenticationOf, authenticationOptions, authMethodOption } from './authentication-options.ts';
import { hubOption, hubPath } from './hub-option.ts';
import { deviceIdOption } from './identity-options.ts';

export const deviceCreateCommand: Command = {
  options: [
    deviceIdOption,
    { ...authMethodOption, isRequired: true },
    ...authenticationOptions,
    { name: 'secrets', summary: 'Print the connection string, which holds the key' },
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub device create --device-id dev1 --auth-method x509_ca',
    'homeport hub device create -d dev2 --auth-method x509_thumbprint --primary-thumbprint 27E4…',
    'homeport hub device create -d dev3 --auth-method shared_private_key --secrets',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const deviceId = options.required('device-id');
    const withSecrets = options.isSet('secrets');
    const device = await administer(invocation, {
      method: 'PUT',
      path: hubPath(invocation, `/hub/devices/${encodeURIComponent(deviceId)}`, withSecrets ? { secrets: 'true' } : {}),
      json: { authentication: authenticationOf(options.required('auth-method'), options) },
    });
    if (options.isSet('json')) return terminal.print(JSON.stringify(device, undefined, 2));
    terminal.print(`Created ${deviceId}.`);
    if (typeof device.connectionString === 'string') terminal.print(device.connectionString);
  },
};
