import type { Database } from '#storage/database.ts';
import type { SphereLeafRow } from '#storage/schema/sphere.ts';

/** Whether this call, and no other on any replica, was the first to redeem `nonce`. */
export async function insertNonce(database: Database, nonce: string, expiresAt: number): Promise<boolean> {
  const result = await database
    .insertInto('sphere_nonce')
    .values({ nonce, expires_at: expiresAt })
    .onConflict((conflict) => conflict.column('nonce').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function deleteNoncesBefore(database: Database, at: number): Promise<void> {
  await database.deleteFrom('sphere_nonce').where('expires_at', '<', at).execute();
}

/** False when this device has had this key certified before. */
export async function insertLeaf(database: Database, row: SphereLeafRow): Promise<boolean> {
  const result = await database
    .insertInto('sphere_leaf')
    .values(row)
    .onConflict((conflict) => conflict.columns(['device_id', 'spki_sha256']).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function hasLeaf(database: Database, deviceId: string, spkiSha256: string): Promise<boolean> {
  const row = await database
    .selectFrom('sphere_leaf')
    .select('issued_at')
    .where('device_id', '=', deviceId)
    .where('spki_sha256', '=', spkiSha256)
    .executeTakeFirst();
  return row !== undefined;
}
