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

/** False when the owner has an authority of this kind in this state already, of those of which there is one at a time. */
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

export function loadAuthority(database: Database, serial: string): Promise<SphereAuthorityRow | undefined> {
  return database.selectFrom('sphere_authority').selectAll().where('serial', '=', serial).executeTakeFirst();
}

export function loadAllAuthorities(database: Database): Promise<SphereAuthorityRow[]> {
  return database.selectFrom('sphere_authority').selectAll().orderBy('created_at').orderBy('serial').execute();
}

/** False when the authority is in another state than `from` by now. */
export async function moveAuthority(
  database: Database,
  serial: string,
  move: { from: SphereAuthorityRow['state']; to: SphereAuthorityRow['state']; at: number },
): Promise<boolean> {
  const result = await database
    .updateTable('sphere_authority')
    .set({ state: move.to, state_changed_at: move.at })
    .where('serial', '=', serial)
    .where('state', '=', move.from)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
