import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { formatStored, parseStored, type RoutedEvent } from './routed-event.ts';

/** An event that its destination would not take, and why. */
export type DeadLetter = {
  readonly position: number;
  readonly deviceId: string;
  readonly reason: string;
  readonly failedAt: Instant;
};

/** What the destinations of a hub would not take. */
export class DeadLetterStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  /** One that is there already gets the newer reason. */
  async save(destination: string, event: RoutedEvent, reason: string, failedAt: Instant): Promise<void> {
    await this.#database
      .insertInto('hub_dead_letter')
      .values({
        hub: this.#hub,
        destination,
        log_position: event.position,
        device_id: event.deviceId,
        reason,
        failed_at: failedAt,
        event: formatStored(event),
      })
      .onConflict((conflict) =>
        conflict.columns(['hub', 'destination', 'log_position']).doUpdateSet({ reason, failed_at: failedAt }),
      )
      .execute();
  }

  /** The oldest first, from behind `after` on. */
  async list(destination: string, { after = -1, max }: { after?: number; max: number }): Promise<DeadLetter[]> {
    const rows = await this.#database
      .selectFrom('hub_dead_letter')
      .select(['log_position', 'device_id', 'reason', 'failed_at'])
      .where('hub', '=', this.#hub)
      .where('destination', '=', destination)
      .where('log_position', '>', after)
      .orderBy('log_position')
      .limit(max)
      .execute();
    return rows.map(({ log_position, device_id, reason, failed_at }) => ({
      position: Number(log_position),
      deviceId: device_id,
      reason,
      failedAt: instant(Number(failed_at)),
    }));
  }

  async load(destination: string, position: number): Promise<RoutedEvent | undefined> {
    const row = await this.#database
      .selectFrom('hub_dead_letter')
      .select('event')
      .where('hub', '=', this.#hub)
      .where('destination', '=', destination)
      .where('log_position', '=', position)
      .executeTakeFirst();
    return row && parseStored(row.event);
  }

  async count(destination: string): Promise<number> {
    const row = await this.#database
      .selectFrom('hub_dead_letter')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('hub', '=', this.#hub)
      .where('destination', '=', destination)
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  async delete(destination: string, position: number): Promise<void> {
    await this.#database
      .deleteFrom('hub_dead_letter')
      .where('hub', '=', this.#hub)
      .where('destination', '=', destination)
      .where('log_position', '=', position)
      .execute();
  }

  /** How many there were. */
  async deleteAll(destination: string): Promise<number> {
    const result = await this.#database
      .deleteFrom('hub_dead_letter')
      .where('hub', '=', this.#hub)
      .where('destination', '=', destination)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
