import { isJsonObject, type JsonObject } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { OptionSpec } from '../../kit/command.ts';

export const jobIdOption: OptionSpec = { name: 'job-id', short: 'j', value: 'ID', isRequired: true, summary: 'The job’s id' };

export function jobPath(jobId: string): string {
  return `/jobs/v2/${encodeURIComponent(jobId)}`;
}

/** `3 of 5 done, 1 failed`. */
export function progressOf({ deviceJobStatistics }: JsonObject): string {
  if (!isJsonObject(deviceJobStatistics)) return '';
  const { deviceCount, succeededCount, failedCount } = deviceJobStatistics;
  return `${succeededCount} of ${deviceCount} done${failedCount === 0 ? '' : `, ${failedCount} failed`}`;
}

/** A job for a person. */
export function jobLines(job: JsonObject): string[] {
  const { jobId, type, queryCondition, status, createdTime, startTime, endTime, failureReason } = job;
  return [
    `Job        ${jobId}`,
    `Kind       ${type}`,
    `Condition  ${printable(String(queryCondition), 10_000)}`,
    `Status     ${status}${failureReason === undefined ? '' : `: ${printable(String(failureReason))}`}`,
    `Devices    ${progressOf(job)}`,
    `Created    ${createdTime}`,
    `Starts     ${startTime}`,
    ...(endTime === undefined ? [] : [`Ended      ${endTime}`]),
  ];
}
