import type { Clock } from '#base/clock.ts';
import type { EventLog } from '../events/event-log.ts';

/** Somebody who is owed acknowledgements. */
export type Owed = {
  /** Acknowledges what is durable up to this position. Whether more is owed. */
  settle(lastPosition: number): boolean;
  close(reason: 'storage-unavailable'): void;
};

/** Who waits for the sync of messages that arrived; each batch that is durable is acknowledged to them. */
export class OwedAcknowledgements<T extends Owed> {
  readonly #waiting = new Set<T>();
  #drained: (() => void) | undefined;

  constructor(events: EventLog) {
    events.onBatchDurable((lastPosition) => {
      for (const owed of this.#waiting) if (!owed.settle(lastPosition)) this.remove(owed);
    });
    events.onState((state) => {
      // What waits will never be durable, so it must not be acknowledged: the device sends it again.
      if (state === 'failed') for (const owed of [...this.#waiting]) owed.close('storage-unavailable');
    });
  }

  add(owed: T): void {
    this.#waiting.add(owed);
  }

  remove(owed: T): void {
    this.#waiting.delete(owed);
    if (this.#waiting.size === 0) this.#drained?.();
  }

  /** Resolves when every message that arrived is acknowledged, or after `deadlineMs`. */
  drain(clock: Clock, deadlineMs: number): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(deadlineMs, resolve);
      this.#drained = () => {
        cancel();
        resolve();
      };
    });
  }
}
