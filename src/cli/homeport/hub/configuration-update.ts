import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { configurationChangeOf, configurationOptions } from './configuration-create.ts';
import { configurationIdOption, configurationPath } from './configuration-lines.ts';
import { hubOption } from './hub-option.ts';

export const configurationUpdateCommand: Command = {
  options: [configurationIdOption, ...configurationOptions, hubOption, jsonOption],
  examples: [
    'homeport hub configuration update -c winter --priority 20',
    `homeport hub configuration update -c winter --target-condition "tags.site IN ['north','east']"`,
    `homeport hub configuration update -c winter --labels '{"season":"winter"}'`,
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const id = options.required('config-id');
    const change = configurationChangeOf(invocation);
    if (Object.keys(change).length === 0) {
      throw new CommandFailure('usage', 'Nothing is to be changed.', { fix: 'homeport hub configuration update --help' });
    }
    const request = { method: 'PUT', path: configurationPath(id), headers: { 'if-match': '*' }, json: change } as const;
    const changed = await askHubForObject(invocation, request);
    if (options.isSet('json')) return terminal.print(formatJson(changed));
    terminal.print(`Changed the configuration ${id}.`);
  },
};
