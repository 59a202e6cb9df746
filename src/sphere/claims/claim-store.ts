import type { Database } from '#storage/database.ts';
import type { SphereClaimCodeRow } from '#storage/schema/sphere.ts';

export async function insertClaimCode(database: Database, row: SphereClaimCodeRow): Promise<void> {
  await database.insertInto('sphere_claim_code').values(row).execute();
}

export async function deleteClaimCodesBefore(database: Database, at: number): Promise<void> {
  await database.deleteFrom('sphere_claim_code').where('expires_at', '<', at).execute();
}

/**
 * Spends the code for `deviceId`. False unless it is the tenant's, unexpired, and unused or used by
 * this very device, whose first answer may have been lost on the way.
 */
export async function spendClaimCode(
  database: Database,
  use: { codeHash: string; tenantId: string; deviceId: string; at: number },
): Promise<boolean> {
  const result = await database
    .updateTable('sphere_claim_code')
    .set({ used_by: use.deviceId })
    .where('code_hash', '=', use.codeHash)
    .where('tenant_id', '=', use.tenantId)
    .where('expires_at', '>', use.at)
    .where((where) => where.or([where('used_by', 'is', null), where('used_by', '=', use.deviceId)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
