import type { MessageIndexRow } from '#storage/schema/series.ts';
import { decodePositions, encodePositions } from './varint.ts';

/** How many messages one row of the index points at. */
export const indexPositionsMax = 512;

/** Where the messages of one device lie in the log: the rows not in the database yet, and the one being filled. */
export class OpenIndex {
  readonly deviceId: string;
  #open: number[];
  #isOpenDirty = false;
  #sealed: number[][] = [];

  constructor(deviceId: string, newest?: MessageIndexRow | undefined) {
    this.deviceId = deviceId;
    this.#open = newest && newest.count < indexPositionsMax ? decodePositions(newest.positions, newest.count) : [];
  }

  get isDirty(): boolean {
    return this.#isOpenDirty || this.#sealed.length > 0;
  }

  append(position: number): void {
    this.#open.push(position);
    this.#isOpenDirty = true;
    if (this.#open.length < indexPositionsMax) return;
    this.#sealed.push(this.#open);
    this.#open = [];
    this.#isOpenDirty = false;
  }

  dirtyRows(): MessageIndexRow[] {
    const lists = this.#isOpenDirty ? [...this.#sealed, this.#open] : this.#sealed;
    return lists.map((positions) => ({
      device_id: this.deviceId,
      first_position: positions[0] ?? 0,
      last_position: positions.at(-1) ?? 0,
      count: positions.length,
      positions: encodePositions(positions),
    }));
  }

  markSaved(): void {
    this.#sealed = [];
    this.#isOpenDirty = false;
  }

  /** The lists in memory, oldest first; they replace their older selves in the database. */
  lists(): readonly (readonly number[])[] {
    return this.#open.length > 0 ? [...this.#sealed, this.#open] : this.#sealed;
  }
}
