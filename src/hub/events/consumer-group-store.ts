import type { Instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubConsumerGroupRow } from '#storage/schema/hub.ts';

export class ConsumerGroupStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  list(): Promise<HubConsumerGroupRow[]> {
    return this.#database
      .selectFrom('hub_consumer_group')
      .selectAll()
      .where('hub', '=', this.#hub)
      .orderBy('created_at')
      .execute();
  }

  /** What is there already stays. */
  async insert(name: string, createdAt: Instant): Promise<void> {
    await this.#database
      .insertInto('hub_consumer_group')
      .values({ hub: this.#hub, name, created_at: createdAt })
      .onConflict((conflict) => conflict.columns(['hub', 'name']).doNothing())
      .execute();
  }

  async delete(name: string): Promise<void> {
    await this.#database.deleteFrom('hub_consumer_group').where('hub', '=', this.#hub).where('name', '=', name).execute();
  }
}
