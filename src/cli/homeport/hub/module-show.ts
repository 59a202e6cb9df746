import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityPath, keysOf, requiredModuleIdOption, secretsOption, withoutKeys } from './identity-options.ts';

export const moduleShowCommand: Command = {
  options: [deviceIdOption, requiredModuleIdOption, secretsOption, hubOption, jsonOption],
  examples: ['homeport hub module show -d dev1 -m filter', 'homeport hub module show -d dev1 -m filter --json --secrets'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = identityPath(invocation, 'devices', options.required('module-id'));
    const module = await askHubForObject(invocation, { method: 'GET', path });
    const withSecrets = options.isSet('secrets');
    if (options.isSet('json')) {
      return terminal.print(formatJson(withSecrets ? module : withoutKeys(module)));
    }
    const { primaryKey, secondaryKey } = withSecrets ? keysOf(module) : {};
    terminal.print(`Module             ${module.deviceId}/${module.moduleId}`);
    terminal.print(`Connection         ${module.connectionState}`);
    terminal.print(`Authentication     ${isJsonObject(module.authentication) ? module.authentication.type : ''}`);
    if (primaryKey) terminal.print(`Primary key        ${primaryKey}`);
    if (secondaryKey) terminal.print(`Secondary key      ${secondaryKey}`);
  },
};
