import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubJobRow } from '#storage/schema/jobs.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';
import { type Job, type JobFilter, type JobKey, type JobStatus, type JobWork, jobStatuses } from './job.ts';

/** Jobs of one hub in the database. */
export class JobStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** False when there is a job of this id. */
  async insert(job: Job): Promise<boolean> {
    const result = await this.#database
      .insertInto('hub_job')
      .values({ ...formatRow(job), hub: this.#hub, cursor: null, is_gathered: 0 })
      .onConflict((conflict) => conflict.columns(['hub', 'job_id']).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async load(jobId: string): Promise<Job | undefined> {
    const row = await this.#one(jobId).selectAll().executeTakeFirst();
    return row && parseRow(row);
  }

  async list(filter: JobFilter, after: JobKey | undefined, limit: number): Promise<Job[]> {
    let query = this.#database.selectFrom('hub_job').selectAll().where('hub', '=', this.#hub);
    if (filter.type !== undefined) query = query.where('type', '=', filter.type);
    if (filter.status !== undefined) query = query.where('status', '=', filter.status);
    if (after) {
      query = query.where((where) =>
        where.or([
          where('created_at', '>', after.createdAt),
          where.and([where('created_at', '=', after.createdAt), where('job_id', '>', after.jobId)]),
        ]),
      );
    }
    const rows = await query.orderBy('created_at').orderBy('job_id').limit(limit).execute();
    return rows.map(parseRow);
  }

  async count(statuses: readonly JobStatus[]): Promise<number> {
    const row = await this.#database
      .selectFrom('hub_job')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('hub', '=', this.#hub)
      .where('status', 'in', statuses)
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  /** Jobs whose status is one of these, those that start first before others. */
  async listByStart(statuses: readonly JobStatus[], limit: number): Promise<Job[]> {
    const rows = await this.#database
      .selectFrom('hub_job')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('status', 'in', statuses)
      .orderBy('start_at')
      .orderBy('created_at')
      .limit(limit)
      .execute();
    return rows.map(parseRow);
  }

  /** How far the targets of a job were gathered. */
  async gathered(jobId: string): Promise<{ cursor: string | undefined; isGathered: boolean }> {
    const row = await this.#one(jobId).select(['cursor', 'is_gathered']).executeTakeFirst();
    return { cursor: row?.cursor ?? undefined, isGathered: row?.is_gathered === 1 };
  }

  /** Notes how far the targets of a running job were gathered; false for one that does not run any more. */
  async setGathered(transaction: Transaction, jobId: string, through: string | undefined): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('hub_job')
      .set(through === undefined ? { is_gathered: 1 } : { cursor: through })
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .where('status', '=', 'running')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Gives a job another status if it still has one of `from`; says whether it had. */
  async move(
    executor: Database | Transaction,
    jobId: string,
    from: readonly JobStatus[],
    to: { status: JobStatus; startedAt?: Instant; endedAt?: Instant; failureReason?: string },
  ): Promise<boolean> {
    const result = await executor
      .updateTable('hub_job')
      .set({
        status: to.status,
        ...(to.startedAt === undefined ? {} : { started_at: to.startedAt }),
        ...(to.endedAt === undefined ? {} : { ended_at: to.endedAt }),
        ...(to.failureReason === undefined ? {} : { failure_reason: to.failureReason }),
      })
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .where('status', 'in', from)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Deletes up to `limit` jobs that ended before `before`, with their targets; says how many. */
  forget(before: Instant, limit: number): Promise<number> {
    return inTransaction(this.#database, async (transaction) => {
      const rows = await transaction
        .selectFrom('hub_job')
        .select('job_id')
        .where('hub', '=', this.#hub)
        .where('ended_at', '<', before)
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const ids = rows.map((row) => row.job_id);
      await transaction.deleteFrom('hub_job').where('hub', '=', this.#hub).where('job_id', 'in', ids).execute();
      return ids.length;
    });
  }

  #one(jobId: string) {
    return this.#database.selectFrom('hub_job').where('hub', '=', this.#hub).where('job_id', '=', jobId);
  }
}

function formatRow(job: Job): Omit<HubJobRow, 'hub' | 'cursor' | 'is_gathered'> {
  return {
    job_id: job.jobId,
    type: job.work.type,
    work: JSON.stringify(job.work),
    query_condition: job.queryCondition,
    status: job.status,
    created_at: job.createdAt,
    start_at: job.startAt,
    max_execution_ms: job.maxExecutionMs,
    started_at: job.startedAt ?? null,
    ended_at: job.endedAt ?? null,
    failure_reason: job.failureReason ?? null,
  };
}

function parseRow(row: HubJobRow): Job {
  // Written by `formatRow`, and by nobody else.
  const work: JobWork = JSON.parse(row.work);
  return {
    jobId: row.job_id,
    work,
    queryCondition: row.query_condition,
    status: jobStatuses.find((status) => status === row.status) ?? 'failed',
    createdAt: instant(row.created_at),
    startAt: instant(row.start_at),
    maxExecutionMs: row.max_execution_ms,
    ...(row.started_at === null ? {} : { startedAt: instant(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: instant(row.ended_at) }),
    ...(row.failure_reason === null ? {} : { failureReason: row.failure_reason }),
  };
}
