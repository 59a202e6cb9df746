import type { Database } from '#storage/database.ts';
import type { SphereTokenRow } from '#storage/schema/sphere.ts';

export async function insertToken(database: Database, row: SphereTokenRow): Promise<void> {
  await database.insertInto('sphere_token').values(row).execute();
}

export function loadToken(database: Database, tokenHash: string): Promise<SphereTokenRow | undefined> {
  return database.selectFrom('sphere_token').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
}

export async function deleteTokensBefore(database: Database, at: number): Promise<void> {
  await database.deleteFrom('sphere_token').where('expires_at', '<=', at).execute();
}
