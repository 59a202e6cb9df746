import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { authenticationOf, authenticationOptions, authMethodOption, restAuthentication } from './authentication-options.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityPath, requiredModuleIdOption, secretsOption, withoutKeys } from './identity-options.ts';

export const moduleCreateCommand: Command = {
  options: [
    deviceIdOption,
    requiredModuleIdOption,
    { ...authMethodOption, summary: 'x509_ca, x509_thumbprint or shared_private_key; without it shared_private_key' },
    ...authenticationOptions,
    secretsOption,
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub module create -d dev1 -m filter',
    'homeport hub module create -d dev1 -m camera --auth-method x509_ca',
  ],
  notes: ['Its connection string: homeport hub connection-string -d dev1 -m filter'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const moduleId = options.required('module-id');
    const asked = authenticationOf(options.text('auth-method') ?? 'shared_private_key', options);
    const created = await askHubForObject(invocation, {
      method: 'PUT',
      path: identityPath(invocation, 'devices', moduleId),
      json: { authentication: restAuthentication(asked) },
    });
    const shown = options.isSet('secrets') ? created : withoutKeys(created);
    if (options.isSet('json')) return terminal.print(formatJson(shown));
    terminal.print(`Created ${created.deviceId}/${created.moduleId}.`);
  },
};
