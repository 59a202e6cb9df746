import { formatInstantTicks, type Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { walk } from '#lang/evaluate.ts';
import type { Expression } from '#lang/expression.ts';
import { parseIdentityName } from '../identity.ts';
import type { QuerySource } from '../query/query-source.ts';
import type { JobTarget, TargetError } from './job.ts';
import type { TargetKey, TargetStore } from './target-store.ts';

/** What a failure is called to back ends; the surface knows. */
export type NameError = (error: TargetError) => string;

/** No id holds one. */
const separator = '\n';

/** `devices.jobs` for queries: the part of each device in each job (hub-service-protocol.md 4.7, 5). */
export function jobsSource(targets: Pick<TargetStore, 'list'>, nameError: NameError): QuerySource {
  return {
    itemType: 'DeviceJob',
    async scan({ after, where, max }) {
      const jobId = jobIdOf(where);
      const page = await targets.list({
        ...(jobId === undefined ? {} : { jobId }),
        ...(after === undefined ? {} : { after: parseKey(after) }),
        limit: max,
      });
      const rows = page.map((target) => {
        let read: JsonObject | undefined;
        const document = () => {
          read ??= formatTarget(target, nameError);
          return read;
        };
        return { key: keyOf(target), document, value: (path: Parameters<typeof walk>[1]) => walk(document(), path) };
      });
      const last = rows.at(-1);
      return page.length < max || !last ? { rows } : { rows, through: last.key };
    },
  };
}

function keyOf({ job, identity }: JobTarget): string {
  return `${job.jobId}${separator}${identity}`;
}

function parseKey(key: string): TargetKey {
  const [jobId = '', identity = ''] = key.split(separator);
  return { jobId, identity };
}

/** The one job that a condition is about, where it says so. */
function jobIdOf(where: Expression | undefined): string | undefined {
  if (where?.kind === 'and') return where.operands.map(jobIdOf).find((jobId) => jobId !== undefined);
  if (where?.kind !== 'compare' || where.operator !== '=') return undefined;
  const [path, constant] = where.left.kind === 'path' ? [where.left, where.right] : [where.right, where.left];
  if (path.kind !== 'path' || path.path.length !== 1 || path.path[0] !== 'jobId') return undefined;
  return constant.kind === 'constant' && typeof constant.value === 'string' ? constant.value : undefined;
}

/** A part as a row. */
export function formatTarget(target: JobTarget, nameError: NameError): JsonObject {
  const { job, identity, status, outcome, error } = target;
  const time = (name: string, at: Instant | undefined): JsonObject =>
    at === undefined ? {} : { [name]: formatInstantTicks(at) };
  return {
    ...parseIdentityName(identity),
    jobId: job.jobId,
    jobType: job.type,
    status,
    ...time('startTimeUtc', target.startedAt),
    ...time('endTimeUtc', target.endedAt),
    createdDateTimeUtc: formatInstantTicks(target.createdAt),
    lastUpdatedDateTimeUtc: formatInstantTicks(target.updatedAt),
    ...(outcome === undefined ? {} : { outcome: { deviceMethodResponse: outcome } }),
    ...(error === undefined ? {} : { error: { code: nameError(error), description: error.message } }),
  };
}
