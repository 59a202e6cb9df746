import type { Database } from '#storage/database.ts';
import type { ChunkRow, LastValueRow, LatePointRow, MessageIndexRow, SeriesRow } from '#storage/schema/series.ts';
import { inTransaction, type Transaction } from '#storage/transaction.ts';

/** Everything that ingest made since the last save, with how far it read: saved together or not at all. */
export type Checkpoint = {
  position: number;
  series: readonly SeriesRow[];
  chunks: readonly ChunkRow[];
  late: readonly LatePointRow[];
  index: readonly MessageIndexRow[];
  lastValues: readonly LastValueRow[];
};

const ingestName = 'hub';
/** Rows per statement: SQLite takes 32,766 values at once. */
const rowsMax = 200;

/** Series, message index and last values in SQL. */
export class SeriesStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async loadPosition(): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom('central_ingest')
      .select('position')
      .where('name', '=', ingestName)
      .executeTakeFirst();
    return row?.position;
  }

  async loadLastSeriesId(): Promise<number> {
    const row = await this.#database
      .selectFrom('central_series')
      .select(({ fn }) => fn.max<number | null>('series_id').as('last'))
      .executeTakeFirst();
    return row?.last ?? 0;
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      await savePosition(transaction, checkpoint.position);
      for (const rows of slices(checkpoint.series)) await transaction.insertInto('central_series').values(rows).execute();
      for (const rows of slices(checkpoint.chunks)) await upsertChunks(transaction, rows);
      for (const rows of slices(checkpoint.late)) await transaction.insertInto('central_late_point').values(rows).execute();
      for (const rows of slices(checkpoint.index)) await upsertIndex(transaction, rows);
      for (const rows of slices(checkpoint.lastValues)) await upsertLastValues(transaction, rows);
    });
  }

  /** Forgets a device, as of `position`. */
  async deleteDevice(deviceId: string, position: number): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      await savePosition(transaction, position);
      const series = transaction.selectFrom('central_series').select('series_id').where('device_id', '=', deviceId);
      await transaction.deleteFrom('central_chunk').where('series_id', 'in', series).execute();
      await transaction.deleteFrom('central_late_point').where('series_id', 'in', series).execute();
      await transaction.deleteFrom('central_series').where('device_id', '=', deviceId).execute();
      await transaction.deleteFrom('central_message_index').where('device_id', '=', deviceId).execute();
      await transaction.deleteFrom('central_last_value').where('device_id', '=', deviceId).execute();
    });
  }

  /** Deletes what is older: points before `before`, and pointers to messages that the log no longer has. */
  async deleteOld(before: number, logStart: number): Promise<void> {
    await this.#database.deleteFrom('central_chunk').where('end_at', '<', before).execute();
    await this.#database.deleteFrom('central_late_point').where('at', '<', before).execute();
    await this.#database.deleteFrom('central_message_index').where('last_position', '<', logStart).execute();
  }

  /** For a log that was made anew: positions mean nothing any more. */
  async forgetPositions(): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      await transaction.deleteFrom('central_ingest').where('name', '=', ingestName).execute();
      await transaction.deleteFrom('central_message_index').execute();
    });
  }

  async loadSeries(deviceIds: readonly string[]): Promise<SeriesRow[]> {
    const rows: SeriesRow[] = [];
    for (const ids of slices(deviceIds)) {
      rows.push(...(await this.#database.selectFrom('central_series').selectAll().where('device_id', 'in', ids).execute()));
    }
    return rows;
  }

  loadNewestChunk(seriesId: number): Promise<ChunkRow | undefined> {
    return this.#database
      .selectFrom('central_chunk')
      .selectAll()
      .where('series_id', '=', seriesId)
      .orderBy('start_at', 'desc')
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Chunks that touch the range, in order of time. */
  loadChunks(seriesId: number, from: number, to: number): Promise<ChunkRow[]> {
    return this.#database
      .selectFrom('central_chunk')
      .selectAll()
      .where('series_id', '=', seriesId)
      .where('end_at', '>=', from)
      .where('start_at', '<=', to)
      .orderBy('start_at')
      .orderBy('position')
      .execute();
  }

  loadLatePoints(seriesId: number, from: number, to: number): Promise<LatePointRow[]> {
    return this.#database
      .selectFrom('central_late_point')
      .selectAll()
      .where('series_id', '=', seriesId)
      .where('at', '>=', from)
      .where('at', '<=', to)
      .orderBy('at')
      .orderBy('position')
      .execute();
  }

  loadNewestIndex(deviceId: string): Promise<MessageIndexRow | undefined> {
    return this.#database
      .selectFrom('central_message_index')
      .selectAll()
      .where('device_id', '=', deviceId)
      .orderBy('first_position', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Rows that begin before `before`, newest first. */
  loadIndexBefore(deviceId: string, before: number, limit: number): Promise<MessageIndexRow[]> {
    return this.#database
      .selectFrom('central_message_index')
      .selectAll()
      .where('device_id', '=', deviceId)
      .where('first_position', '<', before)
      .orderBy('first_position', 'desc')
      .limit(limit)
      .execute();
  }

  loadLastValue(deviceId: string, name: string): Promise<LastValueRow | undefined> {
    return this.#database
      .selectFrom('central_last_value')
      .selectAll()
      .where('device_id', '=', deviceId)
      .where('name', '=', name)
      .executeTakeFirst();
  }
}

async function savePosition(transaction: Transaction, position: number): Promise<void> {
  await transaction
    .insertInto('central_ingest')
    .values({ name: ingestName, position })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ position }))
    .execute();
}

/** An open chunk is saved many times under the name of its first point. */
async function upsertChunks(transaction: Transaction, rows: readonly ChunkRow[]): Promise<void> {
  await transaction
    .insertInto('central_chunk')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['series_id', 'start_at', 'position']).doUpdateSet(({ ref }) => ({
        end_at: ref('excluded.end_at'),
        count: ref('excluded.count'),
        minimum: ref('excluded.minimum'),
        maximum: ref('excluded.maximum'),
        total: ref('excluded.total'),
        points: ref('excluded.points'),
      })),
    )
    .execute();
}

async function upsertIndex(transaction: Transaction, rows: readonly MessageIndexRow[]): Promise<void> {
  await transaction
    .insertInto('central_message_index')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['device_id', 'first_position']).doUpdateSet(({ ref }) => ({
        last_position: ref('excluded.last_position'),
        count: ref('excluded.count'),
        positions: ref('excluded.positions'),
      })),
    )
    .execute();
}

/** A late point does not replace a newer value. */
async function upsertLastValues(transaction: Transaction, rows: readonly LastValueRow[]): Promise<void> {
  await transaction
    .insertInto('central_last_value')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['device_id', 'name'])
        .doUpdateSet(({ ref }) => ({
          at: ref('excluded.at'),
          position: ref('excluded.position'),
          value: ref('excluded.value'),
          coerced: ref('excluded.coerced'),
        }))
        .whereRef('excluded.at', '>=', 'central_last_value.at'),
    )
    .execute();
}

function* slices<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += rowsMax) yield rows.slice(at, at + rowsMax);
}
