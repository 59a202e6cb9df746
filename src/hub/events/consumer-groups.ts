import type { Clock } from '#base/clock.ts';
import { type Instant, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { ConsumerGroupStore } from './consumer-group-store.ts';

/** Groups beside `$Default` (hub-service-protocol.md 9.6). */
export const consumerGroupsMax = 20;

export const defaultGroup = '$Default';

export type ConsumerGroup = { readonly name: string; readonly createdAt: Instant };

const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,48}[a-z0-9])?$/i;

/** The consumer groups of a hub: `$Default`, which is always there, and those that people make. Case says nothing. */
export class ConsumerGroups {
  readonly #clock: Clock;
  readonly #store: ConsumerGroupStore;
  readonly #groups = new Map<string, ConsumerGroup>();
  /** One change after the other, so that the limit holds. */
  #changing: Promise<unknown> = Promise.resolve();
  #onDelete: (name: string) => void = () => {};

  static async open(clock: Clock, database: Database, hub: string): Promise<ConsumerGroups> {
    const groups = new ConsumerGroups(clock, new ConsumerGroupStore(database, hub));
    await groups.#load();
    return groups;
  }

  private constructor(clock: Clock, store: ConsumerGroupStore) {
    this.#clock = clock;
    this.#store = store;
  }

  list(): ConsumerGroup[] {
    return [...this.#groups.values()];
  }

  find(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name.toLowerCase());
  }

  /** When its events could first be read. */
  get createdAt(): Instant {
    return this.find(defaultGroup)?.createdAt ?? this.#clock.now();
  }

  /** Throws Problem `argument-invalid`, `already-exists` or `quota-exceeded`. */
  create(name: string): Promise<ConsumerGroup> {
    return this.#inTurn(async () => {
      if (!namePattern.test(name)) {
        throw new Problem(
          'argument-invalid',
          'A consumer group’s name has at most 50 letters, digits, dots, hyphens and underscores, and begins and ends with a letter or digit.',
        );
      }
      if (this.find(name)) throw new Problem('already-exists', `There is a consumer group ${name} already.`);
      if (this.#groups.size > consumerGroupsMax) {
        throw new Problem('quota-exceeded', `A hub has at most ${consumerGroupsMax} consumer groups beside ${defaultGroup}.`);
      }
      return this.#add(name);
    });
  }

  /** Its readers are sent away. Throws Problem `not-found`, or `conflict` for `$Default`. */
  delete(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const group = this.find(name);
      if (!group) throw new Problem('not-found', `There is no consumer group ${name.slice(0, 64)}.`);
      if (group.name === defaultGroup) throw new Problem('conflict', `${defaultGroup} is always there.`);
      await this.#store.delete(group.name);
      this.#groups.delete(name.toLowerCase());
      this.#onDelete(name.toLowerCase());
    });
  }

  /** `listener` hears the name of a group that is gone, in lower case. */
  onDelete(listener: (name: string) => void): void {
    this.#onDelete = listener;
  }

  async #load(): Promise<void> {
    for (const { name, created_at } of await this.#store.list()) this.#keep({ name, createdAt: instant(Number(created_at)) });
    if (!this.find(defaultGroup)) await this.#add(defaultGroup);
  }

  async #add(name: string): Promise<ConsumerGroup> {
    const group = { name, createdAt: this.#clock.now() };
    await this.#store.insert(name, group.createdAt);
    this.#keep(group);
    return group;
  }

  #keep(group: ConsumerGroup): void {
    this.#groups.set(group.name.toLowerCase(), group);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}
