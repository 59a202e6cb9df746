import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';

const scopeAlphabet = '0123456789ABCDEF';

/** The id scope of `instance`: `0ne` and eight characters, made at first run and never changed (dps-device-protocol.md 2). */
export async function loadOrCreateIdScope(platform: Platform, database: Database, instance: string): Promise<string> {
  const letters = [...platform.random.bytes(8)].map((byte) => scopeAlphabet[byte % scopeAlphabet.length]).join('');
  await database
    .insertInto('dps_instance')
    .values({ instance, id_scope: `0ne${letters}`, created_at: platform.clock.now() })
    .onConflict((conflict) => conflict.column('instance').doNothing())
    .execute();
  const row = await database
    .selectFrom('dps_instance')
    .select('id_scope')
    .where('instance', '=', instance)
    .executeTakeFirstOrThrow();
  return row.id_scope;
}
