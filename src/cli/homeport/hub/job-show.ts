import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { jobIdOption, jobLines, jobPath } from './job-lines.ts';

export const jobShowCommand: Command = {
  options: [jobIdOption, hubOption, jsonOption],
  examples: ['homeport hub job show -j reboot-1', 'homeport hub job show -j reboot-1 --json'],
  notes: [`What became of each device: homeport hub query "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'reboot-1'"`],
  async run(invocation) {
    const { options, terminal } = invocation;
    const job = await askHubForObject(invocation, { method: 'GET', path: jobPath(options.required('job-id')) });
    if (options.isSet('json')) return terminal.print(formatJson(job));
    for (const line of jobLines(job)) terminal.print(line);
  },
};
