import type { Database } from '#storage/database.ts';
import type { DpsInstanceRow } from '#storage/schema/provisioning.ts';

/** The id scope that the instance has; `fresh` decides it when there is none yet. */
export async function loadOrInsertIdScope(database: Database, fresh: DpsInstanceRow): Promise<string> {
  await database
    .insertInto('dps_instance')
    .values(fresh)
    .onConflict((conflict) => conflict.column('instance').doNothing())
    .execute();
  const { id_scope } = await database
    .selectFrom('dps_instance')
    .select('id_scope')
    .where('instance', '=', fresh.instance)
    .executeTakeFirstOrThrow();
  return id_scope;
}
