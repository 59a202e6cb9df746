/**
 * Runs work on one identity in order, one at a time; different identities do not wait for each other.
 * Nothing is kept for an identity that is idle.
 */
export class IdentityQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(identity: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(identity) ?? Promise.resolve();
    const result = before.then(work);
    // The next one runs whether or not this one failed; its own caller hears of the failure.
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(identity, tail);
    void tail.then(() => {
      if (this.#tails.get(identity) === tail) this.#tails.delete(identity);
    });
    return result;
  }

  /** The same for several identities, each once: when it is the turn of every one of them. */
  runAll<T>(identities: readonly string[], work: () => Promise<T>): Promise<T> {
    // In one order everywhere, so that no two wait for each other.
    const ordered = [...identities].sort();
    return ordered.reduceRight<() => Promise<T>>((inner, identity) => () => this.run(identity, inner), work)();
  }

  /** Resolves when everything that was asked for so far is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values());
  }

  get size(): number {
    return this.#tails.size;
  }
}
