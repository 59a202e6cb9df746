import { parseInstant } from '#base/instant.ts';
import { isJsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import { type AskedJob, askedJob, jobListQuery, versionOnly } from '../contract/service-requests.ts';
import { type JobKey, type JobStatus, type JobType, jobStatuses, type NewJob } from '../jobs/job.ts';
import { formatJob } from './format-job.ts';
import { methodRequestOf } from './method-request.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';
import { ownedOf } from './service-twin.ts';

const pageItems = { default: 100, max: 1_000 } as const;

/** Jobs over many devices (hub-service-protocol.md 4.7). */
export function jobRoutes({ jobs, transfers }: Pick<ServiceRooms, 'jobs' | 'transfers'>): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'GET',
      path: '/jobs/v2/query',
      permission: 'ServiceConnect',
      summary: 'Jobs by kind and status, in pages',
      query: jobListQuery,
      async handle({ query, headers }): Promise<Reply> {
        const type = typeOf(query.jobType);
        const status = statusOf(query.jobStatus);
        const isNone = (query.jobType !== undefined && !type) || (query.jobStatus !== undefined && !status);
        const asked = Number(headers['x-ms-max-item-count'] ?? pageItems.default);
        const limit = asked >= 1 ? Math.min(Math.floor(asked), pageItems.max) : pageItems.default;
        const filter = { ...(type ? { type } : {}), ...(status ? { status } : {}) };
        const after = headers['x-ms-continuation'];
        const page = isNone ? [] : await jobs.list(filter, after === undefined ? undefined : parseKey(after), limit + 1);
        const shown = page.slice(0, limit);
        const last = shown.at(-1);
        return {
          headers: {
            'x-ms-item-type': 'JobResponse',
            ...(page.length > limit && last ? { 'x-ms-continuation': formatKey(last) } : {}),
          },
          json: shown.map(formatJob),
        };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/jobs/v2/:jobId',
      permission: 'ServiceConnect',
      summary: 'A job and how far it is',
      query: versionOnly,
      async handle({ params: { jobId = '' } }) {
        // Of an import or an export the command line is told the type here, and asks elsewhere for the rest.
        const transfer = await transfers.load(jobId);
        if (transfer) return { json: { jobId, type: transfer.request.type, status: 'unknown' } };
        return { json: formatJob(await jobs.require(jobId)) };
      },
    }),
    serviceRoute({
      method: 'PUT',
      path: '/jobs/v2/:jobId',
      permission: 'ServiceConnect',
      summary: 'Makes a job that changes twins or calls a method',
      query: versionOnly,
      body: askedJob,
      async handle({ params: { jobId = '' }, body }) {
        if (body.jobId != null && body.jobId !== jobId) {
          throw new Problem('argument-invalid', 'The path names another job than the body.');
        }
        return { json: formatJob(await jobs.create(parseJob(jobId, body))) };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/jobs/v2/:jobId/cancel',
      permission: 'ServiceConnect',
      summary: 'Cancels a job: devices whose turn has not come are left alone',
      query: versionOnly,
      handle: async ({ params: { jobId = '' } }) => ({ json: formatJob(await jobs.cancel(jobId)) }),
    }),
  ];
}

function parseJob(jobId: string, body: AskedJob): NewJob {
  const startAt = body.startTime == null ? undefined : parseInstant(body.startTime);
  if (body.startTime != null && startAt === undefined) {
    throw new Problem('argument-invalid', 'startTime is no instant of ISO 8601.');
  }
  return {
    jobId,
    work: parseWork(body),
    queryCondition: body.queryCondition?.trim() || '*',
    ...(startAt === undefined ? {} : { startAt }),
    ...(body.maxExecutionTimeInSeconds == null ? {} : { maxExecutionMs: body.maxExecutionTimeInSeconds * 1000 }),
  };
}

function parseWork({ type, updateTwin, cloudToDeviceMethod }: AskedJob): NewJob['work'] {
  if (type === 'scheduleUpdateTwin') {
    if (updateTwin == null || !isJsonObject(updateTwin.submitted)) {
      throw new Problem('argument-invalid', 'A job of this type needs updateTwin.');
    }
    const { asked, submitted } = updateTwin;
    const tag = asked.etag?.trim().replace(/^"|"$/g, '') || '*';
    return { type, owned: ownedOf(asked), submitted, ...(tag === '*' ? {} : { ifMatch: tag }) };
  }
  if (cloudToDeviceMethod == null) throw new Problem('argument-invalid', 'A job of this type needs cloudToDeviceMethod.');
  return { type, method: methodRequestOf(cloudToDeviceMethod) };
}

function typeOf(text: string | undefined): JobType | undefined {
  const types: readonly JobType[] = ['scheduleUpdateTwin', 'scheduleDeviceMethod'];
  return types.find((type) => type.toLowerCase() === text?.toLowerCase());
}

function statusOf(text: string | undefined): JobStatus | undefined {
  return jobStatuses.find((status) => status === text?.toLowerCase());
}

function formatKey({ createdAt, jobId }: JobKey): string {
  return Buffer.from(JSON.stringify([createdAt, jobId])).toString('base64url');
}

/** Throws Problem `argument-invalid` for what `formatKey` did not make. */
function parseKey(text: string): JobKey {
  try {
    const [createdAt, jobId]: unknown[] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (typeof createdAt === 'number' && typeof jobId === 'string') return { createdAt, jobId };
  } catch {
    // Said below.
  }
  throw new Problem('argument-invalid', 'The continuation token is none of this service.');
}
