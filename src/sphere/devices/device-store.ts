import type { Database } from '#storage/database.ts';
import type { SphereDeviceRow } from '#storage/schema/sphere.ts';

/** False when there is a row of this device already. */
export async function insertDevice(database: Database, row: SphereDeviceRow): Promise<boolean> {
  const result = await database
    .insertInto('sphere_device')
    .values(row)
    .onConflict((conflict) => conflict.column('device_id').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export function loadDevice(database: Database, deviceId: string): Promise<SphereDeviceRow | undefined> {
  return database.selectFrom('sphere_device').selectAll().where('device_id', '=', deviceId).executeTakeFirst();
}

/** A tenant's devices in the order of their ids, those after `after`. */
export function loadTenantDevices(database: Database, tenantId: string, after: string, limit: number) {
  return database
    .selectFrom('sphere_device')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('device_id', '>', after)
    .orderBy('device_id')
    .limit(limit)
    .execute();
}

/** Changes the row if it is still at `revision`; false when somebody else changed it meanwhile. */
export async function updateDevice(
  database: Database,
  deviceId: string,
  revision: number,
  change: Partial<Omit<SphereDeviceRow, 'device_id' | 'revision'>>,
): Promise<boolean> {
  const result = await database
    .updateTable('sphere_device')
    .set({ ...change, revision: revision + 1 })
    .where('device_id', '=', deviceId)
    .where('revision', '=', revision)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
