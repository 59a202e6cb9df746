import { sql } from 'kysely';
import type { Clock } from '#base/clock.ts';
import type { Concern } from '#base/health.ts';
import type { Database } from './database.ts';

const slowMs = 1_000;
const awayMs = 5_000;

/** How the database is, by asking it for nothing: how long that takes is how long everything takes. */
export async function probeDatabase(clock: Clock, database: Database): Promise<readonly Concern[]> {
  const startedAt = clock.monotonic();
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const cancel = clock.after(awayMs, () => resolve('late'));
  try {
    const asked = sql`select 1`.execute(database);
    // Its failure after the deadline is nobody's any more.
    asked.catch(() => {});
    if ((await Promise.race([asked, late])) === 'late') return [away(`did not answer within ${awayMs / 1000} s`)];
    const ms = Math.round(clock.monotonic() - startedAt);
    if (ms < slowMs) return [];
    const says = `The database took ${ms} ms to answer.`;
    return [{ part: 'database', state: 'degraded', says, fix: 'Look at its load and its disk, and at the network to it.' }];
  } catch (error) {
    return [away(`cannot be asked: ${error instanceof Error ? error.message : String(error)}`)];
  } finally {
    cancel();
  }
}

function away(how: string): Concern {
  return {
    part: 'database',
    state: 'failed',
    says: `The database ${how}.`,
    fix: 'Bring it back, or mend database.url; the server goes on by itself.',
  };
}
