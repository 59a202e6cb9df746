import type { RefusalLog } from '#storage/refusal-log.ts';

type Refusals = Pick<RefusalLog, 'record'>;

/** `refusals` for one hub of several: kept under the subject that `subjectOf` makes of the device's. */
export function refusalsUnder(refusals: Refusals, subjectOf: (subject: string) => string): Refusals {
  return { record: (entry) => refusals.record({ ...entry, subject: subjectOf(entry.subject) }) };
}
