import type { Clock } from '#base/clock.ts';
import type { EventLog } from './event-log.ts';

/** Who has read everything and waits for more. */
export type WaitingReader = { readonly mayGoOn: boolean; goOn(): void };

/**
 * Wakes readers that are at the end of the log. An event after a quiet time wakes them at once; under load they rest for a
 * moment in between, so that many events are one turn of theirs.
 */
export class EventArrivals {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #waiting = new Set<WaitingReader>();
  #isResting = false;
  #hasMore = false;

  constructor(clock: Clock, events: Pick<EventLog, 'onBatchDurable'>, pauseMs: number) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    events.onBatchDurable(() => {
      this.#hasMore = true;
      if (!this.#isResting && this.#waiting.size > 0) this.#wake();
    });
  }

  wait(reader: WaitingReader): void {
    this.#waiting.add(reader);
  }

  leave(reader: WaitingReader): void {
    this.#waiting.delete(reader);
  }

  #wake(): void {
    this.#hasMore = false;
    this.#isResting = true;
    for (const reader of [...this.#waiting]) {
      if (!reader.mayGoOn) continue;
      this.#waiting.delete(reader);
      reader.goOn();
    }
    this.#clock.after(this.#pauseMs, () => {
      this.#isResting = false;
      if (this.#hasMore) this.#wake();
    });
  }
}
