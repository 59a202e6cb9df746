import type { Instant } from '#base/instant.ts';
import type { Json, JsonObject } from '#base/json.ts';
import type { ProblemCode } from '#base/problem.ts';
import type { MethodRequest, MethodResult } from '../methods/methods.ts';
import type { OwnedSections } from '../twins/twins.ts';

/** What a job does to each of its devices. */
export type JobWork =
  | {
      readonly type: 'scheduleUpdateTwin';
      readonly owned: OwnedSections;
      /** Undefined for any twin; else only those of this etag. */
      readonly ifMatch?: string;
      /** As it was sent: whoever asks for the job gets it back. */
      readonly submitted: JsonObject;
    }
  | { readonly type: 'scheduleDeviceMethod'; readonly method: MethodRequest };

export type JobType = JobWork['type'];

export const jobStatuses = ['queued', 'scheduled', 'running', 'completed', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof jobStatuses)[number];

export type Job = {
  readonly jobId: string;
  readonly work: JobWork;
  readonly queryCondition: string;
  readonly status: JobStatus;
  readonly createdAt: Instant;
  readonly startAt: Instant;
  readonly maxExecutionMs: number;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  /** Why it failed as a whole; what a device did wrong stands with the device. */
  readonly failureReason?: string;
};

export type JobFilter = { readonly type?: JobType; readonly status?: JobStatus };

/** Where a page of jobs ends: they are listed by when they were made. */
export type JobKey = { readonly createdAt: number; readonly jobId: string };

export type NewJob = Pick<Job, 'jobId' | 'work' | 'queryCondition'> & {
  /** At once when it is past, or left out. */
  readonly startAt?: Instant;
  readonly maxExecutionMs?: number;
};

export const targetStatuses = ['pending', 'running', 'completed', 'failed', 'canceled'] as const;
export type TargetStatus = (typeof targetStatuses)[number];

/** Why a device's part failed. */
export type TargetError = { readonly code: ProblemCode; readonly reason?: string; readonly message: string };

/** What became of a device's part; `canceled` when the job was before its turn came. */
export type TargetEnd =
  | { readonly status: 'completed'; readonly outcome?: MethodResult }
  | { readonly status: 'failed'; readonly error: TargetError };

/** The part of one device or module in a job. */
export type JobTarget = {
  readonly job: Pick<Job, 'jobId'> & { readonly type: JobType };
  readonly identity: string;
  readonly status: TargetStatus;
  readonly createdAt: Instant;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly updatedAt: Instant;
  readonly outcome?: { readonly status: number; readonly payload: Json };
  readonly error?: TargetError;
};

export type JobStatistics = Readonly<Record<TargetStatus, number>>;

export const noTargets: JobStatistics = { pending: 0, running: 0, completed: 0, failed: 0, canceled: 0 };

export function isOver(status: JobStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
