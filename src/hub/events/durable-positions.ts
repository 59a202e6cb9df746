import type { EventLog } from './event-log.ts';

/** Turns positions of the event log into promises, for who waits for a message now and then. */
export class DurablePositions {
  /** In the order of their positions. */
  #waiting: { readonly position: number; readonly resolve: () => void }[] = [];

  constructor(events: Pick<EventLog, 'onBatchDurable'>) {
    events.onBatchDurable((lastPosition) => {
      const next = this.#waiting.findIndex(({ position }) => position > lastPosition);
      const durable = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next);
      for (const { resolve } of durable) resolve();
    });
  }

  /** Resolves when the event that `append` just put there is on disk; never when the log fails. */
  reached(position: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ position, resolve }));
  }
}
