import type { Database } from '#storage/database.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { SessionStore, type StoredSubscription } from './session-store.ts';

/**
 * What a client that connected with clean session 0 finds again: its subscriptions
 * (hub-device-protocol.md 4.3). The queue keeps a late write of an ended session from overtaking
 * what its successor reads.
 */
export class StoredSessions {
  readonly #store: SessionStore;
  readonly #queue = new IdentityQueue();

  constructor(database: Database, hub: string) {
    this.#store = new SessionStore(database, hub);
  }

  /**
   * What was stored, for a new session. With `isClean` it is discarded instead; without, the session
   * is stored from now on, if only with no subscriptions yet.
   */
  begin(identity: string, isClean: boolean): Promise<{ isPresent: boolean; subscriptions: Map<string, 0 | 1> }> {
    return this.#queue.run(identity, async () => {
      const stored = await this.#store.load(identity);
      if (isClean) {
        if (stored) await this.#store.delete(identity);
        return { isPresent: false, subscriptions: new Map() };
      }
      if (!stored) await this.#store.insert(identity);
      return { isPresent: stored !== undefined, subscriptions: new Map(stored) };
    });
  }

  /** Resolves when the subscriptions are stored, which is before they are granted. */
  save(identity: string, subscriptions: ReadonlyMap<string, 0 | 1>): Promise<void> {
    const rows: StoredSubscription[] = [...subscriptions];
    return this.#queue.run(identity, () => this.#store.update(identity, rows));
  }
}
