import type { Database } from '#storage/database.ts';
import type { SpherePolicyRow, SphereReferenceValueRow } from '#storage/schema/sphere.ts';

export function loadPolicy(database: Database, tenantId: string): Promise<SpherePolicyRow | undefined> {
  return database.selectFrom('sphere_policy').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst();
}

/** Keeps what is there. */
export async function insertPolicy(database: Database, row: SpherePolicyRow): Promise<void> {
  await database
    .insertInto('sphere_policy')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function updatePolicy(database: Database, row: SpherePolicyRow): Promise<void> {
  const { tenant_id, ...change } = row;
  await database.updateTable('sphere_policy').set(change).where('tenant_id', '=', tenant_id).execute();
}

/** Keeps what is there. */
export async function insertReferenceValues(database: Database, rows: SphereReferenceValueRow[]): Promise<void> {
  if (rows.length === 0) return;
  await database
    .insertInto('sphere_reference_value')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export function loadReferenceValues(database: Database, componentIds: readonly string[]): Promise<SphereReferenceValueRow[]> {
  return database.selectFrom('sphere_reference_value').selectAll().where('component_id', 'in', componentIds).execute();
}
