import type { Command } from '../../kit/command.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { jobIdOption, jobPath, progressOf } from './job-lines.ts';

export const jobCancelCommand: Command = {
  options: [jobIdOption, hubOption, jsonOption],
  examples: ['homeport hub job cancel -j reboot-1'],
  notes: ['Devices whose turn has not come are left alone; what was done is not undone.'],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = `${jobPath(options.required('job-id'))}/cancel`;
    const job = await askHubForObject(invocation, { method: 'POST', path });
    if (options.isSet('json')) return terminal.print(formatJson(job));
    terminal.print(`Cancelled ${job.jobId}: ${progressOf(job)}.`);
  },
};
