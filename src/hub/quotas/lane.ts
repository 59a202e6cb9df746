import type { Bucket } from './bucket.ts';

/**
 * One operation of one device: it draws on its own bucket and on the hub's. On the hub's it may draw although that
 * is empty, but not again before what it took is paid for in its turn. So the hub's rate holds, and is shared: who
 * asks seldom is answered at once, however many others ask without end.
 */
export class Lane {
  readonly #own: Bucket | undefined;
  readonly #hub: Bucket | undefined;
  #readyAt = 0;

  constructor(own: Bucket | undefined, hub: Bucket | undefined) {
    this.#own = own;
    this.#hub = hub;
  }

  /** When the next may come. */
  get readyAt(): number {
    return this.#readyAt;
  }

  /** Counts one that is taken, whether it may be or not, and says when the next may come. */
  spend(now: number, cost: number): number {
    this.#own?.take(now, cost);
    this.#hub?.take(now, cost);
    this.#readyAt = Math.max(this.#own?.readyAt ?? 0, this.#hub?.readyAt ?? 0);
    return this.#readyAt;
  }

  /** How far the hub is behind with what others have on credit. */
  backlogMs(now: number): number {
    return this.#hub ? Math.max(0, this.#hub.readyAt - now) : 0;
  }
}
