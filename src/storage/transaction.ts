import type { Transaction as KyselyTransaction } from 'kysely';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

export type Transaction = KyselyTransaction<Schema>;

const attemptsMax = 5;

/**
 * Runs `work` as one unit: all of it is on disk when this resolves, or none. PostgreSQL may ask for a
 * retry (serialization failure 40001, deadlock 40P01); then `work` runs again from the start, so it
 * must touch nothing but the database.
 */
export function inTransaction<T>(database: Database, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return retrying(() => database.transaction().execute(work));
}

/** For one statement that stands alone, which PostgreSQL may refuse for the same reasons. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attemptsMax || !isRetryable(error)) throw error;
    }
  }
}

function isRetryable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '40001' || code === '40P01';
}
