import { secondMs } from '#base/instant.ts';
import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { deviceIdOption, identityName, identityPath, moduleIdOption } from './identity-options.ts';
import { methodOptions, methodRequestOf, methodSecondsMax } from './method-options.ts';

export const methodInvokeCommand: Command = {
  options: [
    deviceIdOption,
    moduleIdOption,
    { name: 'name', short: 'n', value: 'METHOD', isRequired: true, summary: 'The method, as the device calls it' },
    ...methodOptions,
    hubOption,
    jsonOption,
  ],
  examples: [
    'homeport hub method invoke -d dev1 --name reboot',
    `homeport hub method invoke -d dev1 --name blink --payload '{"times":3}' --timeout 10`,
    'homeport hub method invoke -d dev1 -m filter --name reset --connect-timeout 60',
  ],
  notes: ['Ends with 0 when the device answered, whatever the status in its answer says.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const moduleId = options.text('module-id');
    const answer = await askHubForObject(invocation, {
      method: 'POST',
      path: `${identityPath(invocation, 'twins', moduleId)}/methods`,
      json: methodRequestOf(invocation, options.required('name')),
      // Both time-outs, and a moment for the way.
      idleMsMax: (2 * methodSecondsMax + 30) * secondMs,
    });
    if (options.isSet('json')) return terminal.print(formatJson(answer));
    terminal.print(`${identityName(invocation, moduleId)} answered ${answer.status}.`);
    if (answer.payload != null) terminal.print(formatJson(answer.payload));
  },
};
