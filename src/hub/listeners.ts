import type { Cancel } from '#base/clock.ts';
import type { Log } from '#base/log.ts';

/** Those who want to hear of something that has happened. One that throws harms neither the teller nor the others. */
export class Listeners<T> {
  readonly #log: Log;
  readonly #what: string;
  readonly #listeners = new Set<(value: T) => void>();

  /** `what` names the event in the log when a listener fails. */
  constructor(log: Log, what: string) {
    this.#log = log;
    this.#what = what;
  }

  add(listener: (value: T) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#log.error('listener.failed', { what: this.#what, error: String(error) });
      }
    }
  }
}
