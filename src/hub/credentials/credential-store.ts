import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubCredentialRow } from '#storage/schema/hub.ts';
import { inTransaction } from '#storage/transaction.ts';
import type { LastCredential } from './last-credential.ts';

/** The last credentials of one hub's devices and modules in the database, by their names (identity.ts). */
export class CredentialStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** Of at most a page of them; those that never signed in are missing. */
  async loadMany(identities: readonly string[]): Promise<Map<string, LastCredential>> {
    if (identities.length === 0) return new Map();
    const rows = await this.#database
      .selectFrom('hub_credential')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('identity', 'in', identities)
      .execute();
    return new Map(rows.map((row) => [row.identity, parseRow(row)]));
  }

  async save(changed: ReadonlyMap<string, LastCredential>, removed: readonly string[]): Promise<void> {
    if (changed.size === 0 && removed.length === 0) return;
    await inTransaction(this.#database, async (transaction) => {
      if (removed.length > 0) {
        await transaction.deleteFrom('hub_credential').where('hub', '=', this.#hub).where('identity', 'in', removed).execute();
      }
      if (changed.size === 0) return;
      await transaction
        .insertInto('hub_credential')
        .values([...changed].map(([identity, credential]) => formatRow(this.#hub, identity, credential)))
        .onConflict((conflict) =>
          conflict.columns(['hub', 'identity']).doUpdateSet(({ ref }) => ({
            certificates: ref('excluded.certificates'),
            ends_at: ref('excluded.ends_at'),
            renewals: ref('excluded.renewals'),
            seen_at: ref('excluded.seen_at'),
          })),
        )
        .execute();
    });
  }
}

function formatRow(hub: string, identity: string, { certificates, endsAt, renewals, seenAt }: LastCredential): HubCredentialRow {
  return {
    hub,
    identity,
    certificates: certificates.length === 0 ? null : certificates.map((der) => der.toString('base64')).join(' '),
    ends_at: endsAt ?? null,
    renewals,
    seen_at: seenAt,
  };
}

function parseRow(row: HubCredentialRow): LastCredential {
  return {
    certificates: row.certificates === null ? [] : row.certificates.split(' ').map((text) => Buffer.from(text, 'base64')),
    endsAt: row.ends_at === null ? undefined : instant(Number(row.ends_at)),
    renewals: Number(row.renewals),
    seenAt: instant(Number(row.seen_at)),
  };
}
