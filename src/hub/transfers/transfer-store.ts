import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubTransferRow } from '#storage/schema/transfers.ts';
import { inTransaction } from '#storage/transaction.ts';
import { transferLimits } from './limits.ts';
import { type LineFailure, type Transfer, type TransferStatus, transferStatuses } from './transfer.ts';

/** Imports and exports of one hub in the database. */
export class TransferStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** False when one is under way. */
  insert(transfer: Transfer): Promise<boolean> {
    return inTransaction(this.#database, async (transaction) => {
      const active = await transaction
        .selectFrom('hub_transfer')
        .select('job_id')
        .where('hub', '=', this.#hub)
        .where('status', 'in', ['enqueued', 'running'])
        .limit(1)
        .executeTakeFirst();
      if (active) return false;
      await transaction
        .insertInto('hub_transfer')
        .values({
          hub: this.#hub,
          job_id: transfer.jobId,
          request: JSON.stringify(transfer.request),
          status: transfer.status,
          created_at: transfer.createdAt,
          started_at: null,
          ended_at: null,
          progress: 0,
          lines_done: 0,
          failure_reason: null,
        })
        .execute();
      return true;
    });
  }

  async load(jobId: string): Promise<Transfer | undefined> {
    const row = await this.#select().where('job_id', '=', jobId).executeTakeFirst();
    return row && parseRow(row);
  }

  /** The newest first. */
  async list(limit: number): Promise<Transfer[]> {
    const rows = await this.#select().orderBy('created_at', 'desc').orderBy('job_id').limit(limit).execute();
    return rows.map(parseRow);
  }

  /** The one that is under way, if any. */
  async active(): Promise<Transfer | undefined> {
    const row = await this.#select().where('status', 'in', ['enqueued', 'running']).executeTakeFirst();
    return row && parseRow(row);
  }

  /** Changes one that is under way; false when it is not any more. */
  async update(
    jobId: string,
    change: { status?: TransferStatus; startedAt?: Instant; endedAt?: Instant; progress?: number; failureReason?: string },
  ): Promise<boolean> {
    const { status, startedAt, endedAt, progress, failureReason } = change;
    const result = await this.#database
      .updateTable('hub_transfer')
      .set({
        ...(status === undefined ? {} : { status }),
        ...(startedAt === undefined ? {} : { started_at: startedAt }),
        ...(endedAt === undefined ? {} : { ended_at: endedAt }),
        ...(progress === undefined ? {} : { progress }),
        ...(failureReason === undefined ? {} : { failure_reason: failureReason }),
      })
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .where('status', 'in', ['enqueued', 'running'])
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Lines up to `linesDone` were applied, but for these. */
  async advance(jobId: string, linesDone: number, progress: number, failures: readonly LineFailure[]): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      await transaction
        .updateTable('hub_transfer')
        .set({ lines_done: linesDone, progress })
        .where('hub', '=', this.#hub)
        .where('job_id', '=', jobId)
        .execute();
      if (failures.length === 0) return;
      await transaction
        .insertInto('hub_transfer_failure')
        .values(
          failures.map((failure) => ({
            hub: this.#hub,
            job_id: jobId,
            line: failure.line,
            failure: JSON.stringify(failure),
          })),
        )
        .onConflict((conflict) => conflict.columns(['hub', 'job_id', 'line']).doNothing())
        .execute();
    });
  }

  /** These lines were applied after all. */
  async forgive(jobId: string, lines: readonly number[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#database
      .deleteFrom('hub_transfer_failure')
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .where('line', 'in', lines)
      .execute();
  }

  /** Those that were refused, by line; as many as are kept. */
  async failures(jobId: string): Promise<LineFailure[]> {
    const rows = await this.#database
      .selectFrom('hub_transfer_failure')
      .select('failure')
      .where('hub', '=', this.#hub)
      .where('job_id', '=', jobId)
      .orderBy('line')
      .limit(transferLimits.failuresMax)
      .execute();
    return rows.map((row): LineFailure => JSON.parse(row.failure));
  }

  async forget(before: Instant): Promise<void> {
    await this.#database.deleteFrom('hub_transfer').where('hub', '=', this.#hub).where('ended_at', '<', before).execute();
  }

  #select() {
    return this.#database.selectFrom('hub_transfer').selectAll().where('hub', '=', this.#hub);
  }
}

function parseRow(row: HubTransferRow): Transfer {
  return {
    jobId: row.job_id,
    request: JSON.parse(row.request),
    status: transferStatuses.find((status) => status === row.status) ?? 'failed',
    createdAt: instant(row.created_at),
    ...(row.started_at === null ? {} : { startedAt: instant(row.started_at) }),
    ...(row.ended_at === null ? {} : { endedAt: instant(row.ended_at) }),
    progress: row.progress,
    linesDone: row.lines_done,
    ...(row.failure_reason === null ? {} : { failureReason: row.failure_reason }),
  };
}
