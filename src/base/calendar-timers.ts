import type { Cancel } from './clock.ts';

export type DueTimer = {
  readonly due: number;
  /** Does nothing when it was cancelled meanwhile. */
  call(): unknown;
};

type Entry = { readonly due: number; run: (() => unknown) | undefined };

/** Timers in the order in which they fall due; of equal ones the older first. Whoever owns them says when. */
export class CalendarTimers {
  #entries: Entry[] = [];

  add(due: number, run: () => unknown): Cancel {
    const entry: Entry = { due, run };
    this.#entries.splice(this.#indexAfter(due), 0, entry);
    return () => {
      if (!entry.run) return;
      entry.run = undefined;
      const index = this.#entries.indexOf(entry);
      if (index >= 0) this.#entries.splice(index, 1);
    };
  }

  get nextDue(): number | undefined {
    return this.#entries[0]?.due;
  }

  /** Removes those due by `until`. What they arm while they are called is not among them. */
  takeDue(until: number): DueTimer[] {
    return this.#entries.splice(0, this.#indexAfter(until)).map((entry) => ({ due: entry.due, call: () => call(entry) }));
  }

  /** Where one due at `due` belongs: behind all that are due by then. */
  #indexAfter(due: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.due ?? 0) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function call(entry: Entry): unknown {
  const { run } = entry;
  entry.run = undefined;
  return run?.();
}
