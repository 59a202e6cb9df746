import { formatInstant, parseInstant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { formatJson, jsonOption } from '../json-output.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubOption } from './hub-option.ts';
import { jobPath } from './job-lines.ts';
import { methodOptions, methodRequestOf } from './method-options.ts';
import { sectionOptions, sectionsOf } from './twin-update.ts';

export const jobCreateCommand: Command = {
  options: [
    { name: 'job-id', short: 'j', value: 'ID', summary: 'The job’s id; made when it is not given' },
    {
      name: 'condition',
      short: 'q',
      value: 'QUERY',
      isRequired: true,
      summary: 'For which devices: what stands behind WHERE, or * for all',
    },
    ...sectionOptions,
    { name: 'method', value: 'NAME', summary: 'The method to call, instead of a change of twins' },
    ...methodOptions,
    { name: 'start', value: 'INSTANT', summary: 'When it begins, such as 2027-01-31T12:00:00Z; without it at once' },
    { name: 'max-seconds', value: 'N', summary: 'When it is given up; without it 3600' },
    hubOption,
    jsonOption,
  ],
  examples: [
    `homeport hub job create --condition "tags.site = 'hamburg'" --desired '{"interval":30}'`,
    `homeport hub job create -j reboot-1 --condition '*' --method reboot --timeout 10`,
    `homeport hub job create --condition "deviceId IN ['dev1','dev2']" --tags '{"ring":1}' --start 2027-01-31T12:00:00Z`,
  ],
  notes: [
    'How far it is: homeport hub job show -j ID. What became of each device: homeport hub query "SELECT * FROM devices.jobs"',
  ],
  async run(invocation) {
    const { options, terminal, platform } = invocation;
    const jobId = options.text('job-id') ?? platform.random.uuid();
    const json = jobOf(invocation);
    const job = await askHubForObject(invocation, { method: 'PUT', path: jobPath(jobId), json });
    if (options.isSet('json')) return terminal.print(formatJson(job));
    terminal.print(`Created ${job.jobId}. It is ${job.status}.`);
  },
};

function jobOf(invocation: Invocation): JsonObject {
  const { options } = invocation;
  const start = options.text('start');
  const startAt = start === undefined ? undefined : parseInstant(start);
  if (start !== undefined && startAt === undefined) {
    throw new CommandFailure('usage', `--start got '${start}'.`, { why: 'It takes an instant such as 2027-01-31T12:00:00Z.' });
  }
  const seconds = options.number('max-seconds', { min: 1, max: 30 * 86_400, isInteger: true });
  return {
    ...workOf(invocation),
    queryCondition: options.required('condition'),
    ...(startAt === undefined ? {} : { startTime: formatInstant(startAt) }),
    ...(seconds === undefined ? {} : { maxExecutionTimeInSeconds: seconds }),
  };
}

function workOf(invocation: Invocation): JsonObject {
  const { options } = invocation;
  const method = options.text('method');
  const sections = sectionsOf(invocation);
  if ((method === undefined) === (sections === undefined)) {
    throw new CommandFailure('usage', 'A job either calls a --method or changes --desired and --tags.', {
      fix: 'homeport hub job create --help',
    });
  }
  if (method !== undefined) return { type: 'scheduleDeviceMethod', cloudToDeviceMethod: methodRequestOf(invocation, method) };
  const stray = methodOptions.find(({ name }) => options.isSet(name));
  if (stray) throw new CommandFailure('usage', `--${stray.name} needs --method.`);
  return { type: 'scheduleUpdateTwin', updateTwin: { ...sections, etag: '*' } };
}
