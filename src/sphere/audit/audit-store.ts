import type { Database } from '#storage/database.ts';
import type { SphereAuditRow } from '#storage/schema/sphere.ts';

export type NewAuditRow = Omit<SphereAuditRow, 'sequence'>;

export async function insertAuditRow(database: Database, row: NewAuditRow): Promise<void> {
  await database.insertInto('sphere_audit').values(row).execute();
}

export function loadAuditRows(database: Database, filter: { type?: string; after: number; limit: number }) {
  let query = database.selectFrom('sphere_audit').selectAll().where('sequence', '>', filter.after);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  return query.orderBy('sequence').limit(filter.limit).execute();
}
