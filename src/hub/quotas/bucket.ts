import type { Rate } from './rates.ts';

/**
 * A token bucket as one number: when it would be full again. Who takes more than there is has it on credit, and it is
 * for the caller to wait until the bucket says.
 */
export class Bucket {
  readonly #eachMs: number;
  readonly #toleranceMs: number;
  #fullAt = 0;

  constructor({ count, perMs }: Rate) {
    this.#eachMs = perMs / count;
    this.#toleranceMs = this.#eachMs * (count - 1);
  }

  /** From when on there is something in it. */
  get readyAt(): number {
    return this.#fullAt - this.#toleranceMs;
  }

  take(now: number, cost: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + cost * this.#eachMs;
  }
}
