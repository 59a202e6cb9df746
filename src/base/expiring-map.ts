import type { Clock } from './clock.ts';

/** A map that forgets entries after `lifeMs` and holds at most `sizeMax`, the oldest going first. */
export class ExpiringMap<K, V> {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #sizeMax: number;
  readonly #entries = new Map<K, { value: V; expires: number }>();

  constructor(clock: Clock, options: { lifeMs: number; sizeMax: number }) {
    this.#clock = clock;
    this.#lifeMs = options.lifeMs;
    this.#sizeMax = options.sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expires: this.#clock.monotonic() + this.#lifeMs });
    this.#forget();
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.expires > this.#clock.monotonic()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  /** Insertion order is expiry order, so forgetting looks at the front only. */
  #forget(): void {
    const now = this.#clock.monotonic();
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now && this.#entries.size <= this.#sizeMax) return;
      this.#entries.delete(key);
    }
  }
}
