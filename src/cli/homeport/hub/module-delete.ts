import type { Command } from '../../kit/command.ts';
import { askHub } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityName, identityPath, requiredModuleIdOption } from './identity-options.ts';

export const moduleDeleteCommand: Command = {
  options: [deviceIdOption, requiredModuleIdOption, hubOption],
  examples: ['homeport hub module delete -d dev1 -m filter'],
  async run(invocation) {
    const moduleId = invocation.options.required('module-id');
    await askHub(invocation, { method: 'DELETE', path: identityPath(invocation, 'devices', moduleId) });
    invocation.terminal.print(`Deleted ${identityName(invocation, moduleId)}.`);
  },
};
