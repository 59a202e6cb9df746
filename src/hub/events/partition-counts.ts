import { readPosition, writePosition } from '#storage/segment-block.ts';

/** The newest event of a partition that readers see. */
export type LastEvent = {
  /** 0 before the first. */
  readonly sequence: number;
  readonly position: number;
  readonly enqueuedAt: number;
};

export const partitionsMax = 32;

const none: LastEvent = { sequence: 0, position: 0, enqueuedAt: 0 };

/**
 * The newest event of each partition, as appended and as durable: what is told to readers must survive a crash, and
 * at any moment some events are still on their way to the disk.
 */
export class PartitionCounts {
  readonly #sequences = new Float64Array(partitionsMax);
  readonly #positions = new Float64Array(partitionsMax);
  readonly #instants = new Float64Array(partitionsMax);
  /** As it was when the batch before the last was synced: all of it was in the batch that followed. */
  readonly #before: LastEvent[] = new Array(partitionsMax).fill(none);
  readonly #durable: LastEvent[] = new Array(partitionsMax).fill(none);

  sequence(partition: number): number {
    return this.#sequences[partition] ?? 0;
  }

  /** Where the newest event lies, durable or not. */
  position(partition: number): number {
    return this.#positions[partition] ?? 0;
  }

  /** The hot path: three stores. */
  append(partition: number, sequence: number, position: number, enqueuedAt: number): void {
    this.#sequences[partition] = sequence;
    this.#positions[partition] = position;
    this.#instants[partition] = enqueuedAt;
  }

  /** Everything up to `lastPosition` is on disk. Called once per sync; it may lag one sync behind and never tells too much. */
  settle(lastPosition: number, partitions: number): void {
    for (let partition = 0; partition < partitions; partition++) {
      const sequence = this.#sequences[partition] ?? 0;
      if (sequence === this.#durable[partition]?.sequence) continue;
      const newest = this.#appended(partition);
      const before = this.#before[partition] ?? none;
      if (newest.position <= lastPosition) this.#durable[partition] = newest;
      else if (before.position <= lastPosition && before.sequence > 0) this.#durable[partition] = before;
      this.#before[partition] = newest;
    }
  }

  durable(partition: number): LastEvent {
    return this.#durable[partition] ?? none;
  }

  /** All that was read at the start is durable. */
  recovered(): void {
    for (let partition = 0; partition < partitionsMax; partition++) this.#durable[partition] = this.#appended(partition);
  }

  /** For the header of a segment: sequences, then positions, then instants. */
  encode(): Buffer {
    const bytes = Buffer.alloc(24 * partitionsMax);
    for (const [part, values] of [this.#sequences, this.#positions, this.#instants].entries()) {
      for (const [partition, value] of values.entries()) writePosition(bytes, value, 8 * (part * partitionsMax + partition));
    }
    return bytes;
  }

  /** A header with sequences alone leaves the rest at 0. */
  decode(bytes: Buffer): void {
    for (const [part, values] of [this.#sequences, this.#positions, this.#instants].entries()) {
      for (let partition = 0; partition < partitionsMax; partition++) {
        const at = 8 * (part * partitionsMax + partition);
        values[partition] = at + 8 <= bytes.length ? readPosition(bytes, at) : 0;
      }
    }
  }

  #appended(partition: number): LastEvent {
    return {
      sequence: this.#sequences[partition] ?? 0,
      position: this.#positions[partition] ?? 0,
      enqueuedAt: this.#instants[partition] ?? 0,
    };
  }
}

/** How many events of a partition went before a segment, from the segment's header. */
export function sequenceBefore(preamble: Buffer, partition: number): number {
  return 8 * partition + 8 <= preamble.length ? readPosition(preamble, 8 * partition) : 0;
}
