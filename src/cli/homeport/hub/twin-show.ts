import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityPath, moduleIdOption } from './identity-options.ts';

export const twinShowCommand: Command = {
  options: [deviceIdOption, moduleIdOption, hubOption, jsonOption],
  examples: ['homeport hub twin show -d dev1', 'homeport hub twin show -d dev1 -m filter'],
  notes: ['A twin is a document, so it is printed as JSON in any case.'],
  async run(invocation) {
    const path = identityPath(invocation, 'twins', invocation.options.text('module-id'));
    const twin = await askHubForObject(invocation, { method: 'GET', path });
    invocation.terminal.print(formatJson(twin));
  },
};
