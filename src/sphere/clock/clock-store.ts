import type { Database } from '#storage/database.ts';

const name = 'issued';

export async function loadClockMark(database: Database): Promise<number> {
  const row = await database.selectFrom('sphere_clock_mark').select('at').where('name', '=', name).executeTakeFirst();
  return row?.at ?? 0;
}

/** Only ever upwards, whoever else writes. */
export async function raiseClockMark(database: Database, at: number): Promise<void> {
  await database
    .insertInto('sphere_clock_mark')
    .values({ name, at })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ at }).where('sphere_clock_mark.at', '<', at))
    .execute();
}
