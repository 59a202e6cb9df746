import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubJobTargetRow } from '#storage/schema/jobs.ts';
import type { Transaction } from '#storage/transaction.ts';
import { parseIdentityName } from '../identity.ts';
import {
  type JobStatistics,
  type JobTarget,
  type JobType,
  noTargets,
  type TargetEnd,
  type TargetError,
  targetStatuses,
} from './job.ts';

/** Where a page of targets ends. */
export type TargetKey = { readonly jobId: string; readonly identity: string };

/** Targets of a job that were ended together. */
export type EndedTargets = { readonly jobId: string; readonly status: 'canceled' | 'failed'; readonly endedAt: Instant };

/** The parts of devices and modules in the jobs of one hub. */
export class TargetStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** Adds those that the job does not have yet. */
  async insert(transaction: Transaction, jobId: string, identities: readonly string[], now: Instant): Promise<void> {
    if (identities.length === 0) return;
    await transaction
      .insertInto('hub_job_target')
      .values(
        identities.map((identity) => ({
          hub: this.#hub,
          job_id: jobId,
          identity,
          device_id: parseIdentityName(identity).deviceId,
          status: 'pending',
          created_at: now,
          started_at: null,
          ended_at: null,
          updated_at: now,
          outcome: null,
          error: null,
        })),
      )
      .onConflict((conflict) => conflict.columns(['hub', 'job_id', 'identity']).doNothing())
      .execute();
  }

  /** Those that nobody has begun, by name. */
  async listPending(jobId: string, limit: number): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('hub_job_target')
      .select('identity')
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .where('status', '=', 'pending')
      .orderBy('identity')
      .limit(limit)
      .execute();
    return rows.map((row) => row.identity);
  }

  /** Begins one, unless it is not pending any more: it was cancelled, or its device is gone. */
  async begin(jobId: string, identity: string, now: Instant): Promise<boolean> {
    const result = await this.#update(this.#database, jobId)
      .set({ status: 'running', started_at: now, updated_at: now })
      .where('identity', '=', identity)
      .where('status', '=', 'pending')
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Ends one that was pending or running; false when it is neither any more. */
  async end(executor: Database | Transaction, jobId: string, identity: string, end: TargetEnd, now: Instant): Promise<boolean> {
    const result = await this.#update(executor, jobId)
      .set(({ fn, ref, val }) => ({
        status: end.status,
        started_at: fn.coalesce(ref('started_at'), val(now)),
        ended_at: now,
        updated_at: now,
        outcome: end.status === 'completed' && end.outcome !== undefined ? JSON.stringify(end.outcome) : null,
        error: end.status === 'failed' ? JSON.stringify(end.error) : null,
      }))
      .where('identity', '=', identity)
      .where('status', 'in', ['pending', 'running'])
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Ends all that have `status`, as of a job that goes on no further, and says which those were; undefined for none. */
  async endAll(
    executor: Database | Transaction,
    jobId: string,
    status: 'pending' | 'running',
    end: { status: 'canceled' } | Extract<TargetEnd, { status: 'failed' }>,
    now: Instant,
  ): Promise<EndedTargets | undefined> {
    const error = end.status === 'failed' ? JSON.stringify(end.error) : null;
    const { numUpdatedRows } = await this.#update(executor, jobId)
      .set({ status: end.status, ended_at: now, updated_at: now, error })
      .where('status', '=', status)
      .executeTakeFirst();
    return numUpdatedRows === 0n ? undefined : { jobId, status: end.status, endedAt: now };
  }

  /** How many of each job have which status. */
  async count(jobIds: readonly string[]): Promise<ReadonlyMap<string, JobStatistics>> {
    if (jobIds.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('hub_job_target')
      .select(({ fn }) => ['job_id', 'status', fn.countAll().as('count')])
      .where('hub', '=', this.#hub)
      .where('job_id', 'in', jobIds)
      .groupBy(['job_id', 'status'])
      .execute();
    const counts = new Map<string, JobStatistics>();
    for (const { job_id: jobId, status, count } of rows) {
      counts.set(jobId, { ...(counts.get(jobId) ?? noTargets), [status]: Number(count) });
    }
    return counts;
  }

  async load(jobId: string, identity: string): Promise<JobTarget | undefined> {
    const row = await this.#listed()
      .where('hub_job_target.job_id', '=', jobId)
      .where('identity', '=', identity)
      .executeTakeFirst();
    return row && parseRow(row);
  }

  /** By name, behind `after`. */
  async listEnded({ jobId, status, endedAt }: EndedTargets, after = '', limit: number): Promise<JobTarget[]> {
    const rows = await this.#listed()
      .where('hub_job_target.job_id', '=', jobId)
      .where('hub_job_target.status', '=', status)
      .where('hub_job_target.ended_at', '=', endedAt)
      .where('identity', '>', after)
      .orderBy('identity')
      .limit(limit)
      .execute();
    return rows.map(parseRow);
  }

  /** By job and name, behind `after`; of one job alone where it is named. */
  async list(options: { jobId?: string; after?: TargetKey; limit: number }): Promise<JobTarget[]> {
    const { jobId, after, limit } = options;
    let query = this.#listed();
    if (jobId !== undefined) query = query.where('hub_job_target.job_id', '=', jobId);
    if (after) {
      query = query.where((where) =>
        where.or([
          where('hub_job_target.job_id', '>', after.jobId),
          where.and([where('hub_job_target.job_id', '=', after.jobId), where('hub_job_target.identity', '>', after.identity)]),
        ]),
      );
    }
    const rows = await query.orderBy('hub_job_target.job_id').orderBy('hub_job_target.identity').limit(limit).execute();
    return rows.map(parseRow);
  }

  #listed() {
    return this.#database
      .selectFrom('hub_job_target')
      .innerJoin('hub_job', (join) =>
        join.onRef('hub_job.hub', '=', 'hub_job_target.hub').onRef('hub_job.job_id', '=', 'hub_job_target.job_id'),
      )
      .selectAll('hub_job_target')
      .select('hub_job.type')
      .where('hub_job_target.hub', '=', this.#hub);
  }

  #update(executor: Database | Transaction, jobId: string) {
    return executor.updateTable('hub_job_target').where('hub', '=', this.#hub).where('job_id', '=', jobId);
  }
}

function parseRow(row: HubJobTargetRow & { type: string }): JobTarget {
  const type: JobType = row.type === 'scheduleDeviceMethod' ? 'scheduleDeviceMethod' : 'scheduleUpdateTwin';
  const error: TargetError | undefined = row.error === null ? undefined : JSON.parse(row.error);
  return {
    job: { jobId: row.job_id, type },
    identity: row.identity,
    status: targetStatuses.find((status) => status === row.status) ?? 'failed',
    createdAt: instant(row.created_at),
    ...(row.started_at === null ? {} : { startedAt: instant(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: instant(row.ended_at) }),
    updatedAt: instant(row.updated_at),
    ...(row.outcome === null ? {} : { outcome: JSON.parse(row.outcome) }),
    ...(error === undefined ? {} : { error }),
  };
}
