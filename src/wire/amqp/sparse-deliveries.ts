import type { LibraryDelivery } from './library-shapes.ts';

/** As many as the library holds by itself. */
const capacity = 2_048;

/**
 * What a session sent and the peer has not settled, in place of the library's own: that takes for granted that ids follow
 * each other without gaps, and there are gaps where messages went past it (link-transfers.ts).
 */
export class SparseDeliveries {
  readonly #byId = new Map<number, LibraryDelivery>();

  get size(): number {
    return this.#byId.size;
  }

  available(): number {
    return capacity - this.#byId.size;
  }

  push(delivery: LibraryDelivery): void {
    this.#byId.set(delivery.id, delivery);
  }

  by_id(id: number): LibraryDelivery | undefined {
    return this.#byId.get(id);
  }

  /** From the oldest on, as long as `isOver`. */
  pop_if(isOver: (delivery: LibraryDelivery) => boolean): number {
    let count = 0;
    for (const [id, delivery] of this.#byId) {
      if (!isOver(delivery)) break;
      this.#byId.delete(id);
      count++;
    }
    return count;
  }
}
