import { isJsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityName, moduleIdOption, secretsOption } from './identity-options.ts';

const slots: Readonly<Record<string, string>> = { primary: 'primaryKey', secondary: 'secondaryKey', both: 'both' };

export const keysRenewCommand: Command = {
  options: [
    deviceIdOption,
    moduleIdOption,
    { name: 'key', value: 'WHICH', isRequired: true, summary: 'primary, secondary or both' },
    secretsOption,
    hubOption,
    jsonOption,
  ],
  examples: ['homeport hub keys renew -d dev1 --key secondary --secrets', 'homeport hub keys renew -d dev1 -m filter --key both'],
  notes: ['With the other key it goes on signing in until it knows the new one.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const which = options.required('key');
    const policyKey = slots[which];
    if (policyKey === undefined) {
      throw new CommandFailure('usage', `--key got '${which}'.`, { why: 'primary, secondary and both are known.' });
    }
    const moduleId = options.text('module-id');
    const name = identityName(invocation, moduleId);
    const { rotatedKeys } = await askHubForObject(invocation, {
      method: 'POST',
      path: '/devices/keys/regenerate',
      json: { policyKey, devices: [{ id: options.required('device-id'), ...(moduleId === undefined ? {} : { moduleId }) }] },
    });
    const [renewed] = Array.isArray(rotatedKeys) ? rotatedKeys.filter(isJsonObject) : [];
    const { primaryKey, secondaryKey } = renewed ?? {};
    const keys = options.isSet('secrets') ? { primaryKey, secondaryKey } : {};
    if (options.isSet('json')) return terminal.print(formatJson({ name, renewed: which, ...keys }));
    terminal.print(`Renewed ${which === 'both' ? 'both keys' : `the ${which} key`} of ${name}.`);
    if (!options.isSet('secrets')) return;
    terminal.print(`Primary key    ${primaryKey}`);
    terminal.print(`Secondary key  ${secondaryKey}`);
  },
};
