import { ownCopy } from '#base/bytes.ts';
import { collectRecords, type LogRecord, readBlockHeader } from './segment-block.ts';

type TailBlock = { readonly position: number; readonly end: number; readonly bytes: Buffer };

const dropped: TailBlock = { position: 0, end: 0, bytes: Buffer.alloc(0) };

/**
 * The newest durable blocks, still in memory: whoever reads along at the end of the log is served from
 * here and costs neither a read nor a checksum. What is here is on disk as well, byte for byte.
 */
export class SegmentTail {
  readonly #bytesMax: number;
  /** Those before `#first` were dropped; they leave the array when it is half empty. */
  #blocks: TailBlock[] = [];
  #first = 0;
  #byteLength = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes a copy of a sealed block whose sync has returned: its buffer will be filled again. */
  add(position: number, sealed: Buffer): void {
    this.#blocks.push({ position, end: position + sealed.length, bytes: ownCopy(sealed) });
    this.#byteLength += sealed.length;
    while (this.#byteLength > this.#bytesMax) {
      this.#byteLength -= this.#blocks[this.#first]?.bytes.length ?? 0;
      // What was dropped is let go at once: behind large blocks may come many small ones, until it is half of them.
      this.#blocks[this.#first++] = dropped;
    }
    if (2 * this.#first <= this.#blocks.length) return;
    this.#blocks = this.#blocks.slice(this.#first);
    this.#first = 0;
  }

  /** Records from `from` on, some `bytesMax` bytes of them and at least one block; undefined when `from` is not here. */
  read(from: number, bytesMax: number): LogRecord[] | undefined {
    const first = this.#blocks.findLastIndex((block) => block.position <= from);
    if (first < this.#first) return undefined;
    const records: LogRecord[] = [];
    for (let index = first, taken = 0; taken < bytesMax; index++) {
      const block = this.#blocks[index];
      if (!block) break;
      const header = readBlockHeader(block.bytes, 0, block.position);
      if (header) collectRecords(block.bytes, 0, header, records, from);
      taken += block.bytes.length;
    }
    return records.length > 0 ? records : undefined;
  }
}
