import { formatInstantTicks } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Job, JobStatistics } from '../jobs/job.ts';
import type { CountedJob } from '../jobs/jobs.ts';

/** A job as the service's REST prints it (hub-service-protocol.md 4.7). */
export function formatJob(job: CountedJob): JsonObject {
  return {
    jobId: job.jobId,
    queryCondition: job.queryCondition,
    createdTime: formatInstantTicks(job.createdAt),
    startTime: formatInstantTicks(job.startAt),
    ...(job.endedAt === undefined ? {} : { endTime: formatInstantTicks(job.endedAt) }),
    maxExecutionTimeInSeconds: Math.round(job.maxExecutionMs / 1000),
    type: job.work.type,
    ...formatWork(job),
    status: job.status,
    ...(job.failureReason === undefined ? {} : { failureReason: job.failureReason, statusMessage: job.failureReason }),
    deviceJobStatistics: formatStatistics(job.statistics),
  };
}

function formatWork({ work }: Job): JsonObject {
  if (work.type === 'scheduleUpdateTwin') return { updateTwin: work.submitted };
  const { methodName, payload = null, responseTimeoutSeconds = 30, connectTimeoutSeconds = 0 } = work.method;
  return {
    cloudToDeviceMethod: {
      methodName,
      payload,
      responseTimeoutInSeconds: responseTimeoutSeconds,
      connectTimeoutInSeconds: connectTimeoutSeconds,
    },
  };
}

/** Devices that were left alone, because the job was cancelled, count as neither done nor failed. */
function formatStatistics({ pending, running, completed, failed, canceled }: JobStatistics): JsonObject {
  return {
    deviceCount: pending + running + completed + failed + canceled,
    failedCount: failed,
    succeededCount: completed,
    runningCount: running,
    pendingCount: pending,
  };
}
