import type { Database } from '#storage/database.ts';
import type { SphereAuthorityRow, SphereTenantRow } from '#storage/schema/sphere.ts';

export async function insertTenant(database: Database, row: SphereTenantRow): Promise<void> {
  await database.insertInto('sphere_tenant').values(row).execute();
}

export function loadTenant(database: Database, tenantId: string): Promise<SphereTenantRow | undefined> {
  return database.selectFrom('sphere_tenant').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst();
}

export function loadTenants(database: Database): Promise<SphereTenantRow[]> {
  return database.selectFrom('sphere_tenant').selectAll().orderBy('created_at').orderBy('tenant_id').execute();
}

/** False when the owner has an active authority of this kind already. */
export async function insertAuthority(database: Database, row: SphereAuthorityRow): Promise<boolean> {
  const result = await database
    .insertInto('sphere_authority')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export function loadActiveAuthority(database: Database, kind: SphereAuthorityRow['kind'], owner: string) {
  return database
    .selectFrom('sphere_authority')
    .selectAll()
    .where('owner', '=', owner)
    .where('kind', '=', kind)
    .where('state', '=', 'active')
    .executeTakeFirst();
}

/** Oldest first. */
export function loadAuthorities(database: Database, kind: SphereAuthorityRow['kind'], owner: string) {
  return database
    .selectFrom('sphere_authority')
    .selectAll()
    .where('owner', '=', owner)
    .where('kind', '=', kind)
    .orderBy('created_at')
    .orderBy('serial')
    .execute();
}
