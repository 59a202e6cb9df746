import type { Database } from '#storage/database.ts';
import { parseIdentityName } from '../identity.ts';

/** Filter and granted QoS. */
export type StoredSubscription = readonly [filter: string, qos: 0 | 1];

/** Stored MQTT sessions of one hub in the database. */
export class SessionStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async load(identity: string): Promise<StoredSubscription[] | undefined> {
    const row = await this.#database
      .selectFrom('hub_session')
      .select('subscriptions')
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .executeTakeFirst();
    // Written by update alone.
    return row && (JSON.parse(row.subscriptions) as StoredSubscription[]);
  }

  async insert(identity: string): Promise<void> {
    const { deviceId, moduleId = null } = parseIdentityName(identity);
    await this.#database
      .insertInto('hub_session')
      .values({ hub: this.#hub, identity, device_id: deviceId, module_id: moduleId, subscriptions: '[]' })
      .onConflict((conflict) => conflict.columns(['hub', 'identity']).doNothing())
      .execute();
  }

  /** Does nothing when the session was discarded meanwhile: a late write must not bring it back. */
  async update(identity: string, subscriptions: readonly StoredSubscription[]): Promise<void> {
    await this.#database
      .updateTable('hub_session')
      .set({ subscriptions: JSON.stringify(subscriptions) })
      .where('hub', '=', this.#hub)
      .where('identity', '=', identity)
      .execute();
  }

  async delete(identity: string): Promise<void> {
    await this.#database.deleteFrom('hub_session').where('hub', '=', this.#hub).where('identity', '=', identity).execute();
  }
}
