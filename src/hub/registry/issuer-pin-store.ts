import type { Database } from '#storage/database.ts';
import type { HubIssuerPinRow } from '#storage/schema/hub.ts';

export function loadIssuerPin(database: Database, hub: string, identity: string): Promise<HubIssuerPinRow | undefined> {
  return database
    .selectFrom('hub_issuer_pin')
    .selectAll()
    .where('hub', '=', hub)
    .where('identity', '=', identity)
    .executeTakeFirst();
}

export async function putIssuerPin(database: Database, row: HubIssuerPinRow): Promise<void> {
  const { hub: _, identity: __, ...pin } = row;
  await database
    .insertInto('hub_issuer_pin')
    .values(row)
    .onConflict((conflict) => conflict.columns(['hub', 'identity']).doUpdateSet(pin))
    .execute();
}
