import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { configurationIdOption, configurationLines, configurationPath } from './configuration-lines.ts';
import { hubOption } from './hub-option.ts';

export const configurationShowCommand: Command = {
  options: [configurationIdOption, hubOption, jsonOption],
  examples: ['homeport hub configuration show -c winter', 'homeport hub configuration show -c winter --json'],
  notes: [
    `Which devices have it: homeport hub query "SELECT deviceId FROM devices WHERE configurations.[[winter]].status = 'Applied'"`,
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = configurationPath(options.required('config-id'));
    const configuration = await askHubForObject(invocation, { method: 'GET', path });
    if (options.isSet('json')) return terminal.print(formatJson(configuration));
    for (const line of configurationLines(configuration)) terminal.print(line);
  },
};
