import type { Database } from '#storage/database.ts';
import type { SphereRevocationListRow } from '#storage/schema/sphere.ts';

/** Daily certificates whose devices are suspended or revoked, those that ended before `endedSince` left out. */
export function loadBarredLeaves(database: Database, endedSince: number) {
  return database
    .selectFrom('sphere_device')
    .innerJoin('sphere_leaf', 'sphere_leaf.device_id', 'sphere_device.device_id')
    .select([
      'sphere_leaf.serial',
      'sphere_leaf.authority_serial',
      'sphere_device.status',
      'sphere_device.status_changed_at',
      'sphere_device.claimed_at',
    ])
    .where('sphere_device.status', '<>', 'active')
    .where('sphere_leaf.not_after', '>', endedSince)
    .where('sphere_leaf.serial', 'is not', null)
    .orderBy('sphere_leaf.serial')
    .execute();
}

/** What is known of each list, without the lists. */
export function loadListHeads(database: Database) {
  return database
    .selectFrom('sphere_revocation_list')
    .select(['authority_serial', 'number', 'entries_sha256', 'issued_at'])
    .execute();
}

export function loadList(database: Database, authoritySerial: string): Promise<SphereRevocationListRow | undefined> {
  return database
    .selectFrom('sphere_revocation_list')
    .selectAll()
    .where('authority_serial', '=', authoritySerial)
    .executeTakeFirst();
}

export function loadLists(database: Database): Promise<SphereRevocationListRow[]> {
  return database.selectFrom('sphere_revocation_list').selectAll().orderBy('authority_serial').execute();
}

/** Puts `row` in the place of the list before it; false when somebody else was first with this number. */
export async function replaceList(database: Database, row: SphereRevocationListRow): Promise<boolean> {
  const { authority_serial, ...list } = row;
  const result = await database
    .insertInto('sphere_revocation_list')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('authority_serial').doUpdateSet(list).where('sphere_revocation_list.number', '<', row.number),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}
