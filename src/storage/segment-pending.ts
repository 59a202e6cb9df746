import { assert } from '#base/assert.ts';
import { blockHeaderBytes, recordHeaderBytes, sealBlock } from './segment-block.ts';
import type { RecordWriter } from './segment-log.ts';

/** A block in memory, from its first record until its sync returned. */
export class OpenBlock {
  readonly position: number;
  readonly isFirstInSegment: boolean;
  readonly createdAt: number;
  /** The owner's state before the first record, for the header of the segment that starts here. */
  readonly preamble: Buffer;
  readonly buffer: Buffer;
  lastPosition: number;
  #used = blockHeaderBytes;
  #count = 0;

  constructor(options: { position: number; isFirstInSegment: boolean; createdAt: number; preamble: Buffer; buffer: Buffer }) {
    this.position = options.position;
    this.isFirstInSegment = options.isFirstInSegment;
    this.createdAt = options.createdAt;
    this.preamble = options.preamble;
    this.buffer = options.buffer;
    this.lastPosition = options.position;
  }

  get end(): number {
    return this.position + this.#used;
  }

  get byteLength(): number {
    return this.#used;
  }

  hasRoomFor(byteLength: number): boolean {
    return this.#used + recordHeaderBytes + byteLength <= this.buffer.length;
  }

  append(record: RecordWriter): number {
    const offset = this.#used;
    const { byteLength } = record;
    record.writeTo(this.buffer, offset + recordHeaderBytes);
    this.buffer.writeUInt32LE(byteLength, offset);
    this.buffer.writeUInt32LE(offset, offset + 4);
    this.#used = offset + recordHeaderBytes + byteLength;
    this.#count++;
    this.lastPosition = this.position + offset;
    return this.lastPosition;
  }

  seal(salt: number, groupStart: number): Buffer {
    const bytes = this.buffer.subarray(0, this.#used);
    sealBlock(bytes, salt, { count: this.#count, position: this.position, groupStart });
    return bytes;
  }
}

export type PendingOptions = {
  blockBytes: number;
  segmentBytes: number;
  segmentMs: number;
  preamble: () => Buffer;
  now: () => number;
  /** Where the first block goes. */
  position: number;
  /** The segment that the first block may continue; without it, the block starts one. */
  segment: { base: number; createdAt: number } | undefined;
};

/** Buffers kept for reuse; more than one batch needs at a usual rate would only hold memory. */
const spareMax = 32;

/** The blocks that wait for the disk, and where segments begin. */
export class PendingBlocks {
  readonly #options: PendingOptions;
  readonly #blocks: OpenBlock[] = [];
  readonly #spare: Buffer[] = [];
  #segment: { base: number; createdAt: number } | undefined;
  #position: number;
  #open: OpenBlock | undefined;
  #byteLength = 0;

  constructor(options: PendingOptions) {
    this.#options = options;
    this.#segment = options.segment;
    this.#position = options.position;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Bytes appended and not yet released, those being written included. */
  get byteLength(): number {
    return this.#byteLength;
  }

  append(record: RecordWriter): number {
    let block = this.#open;
    if (!block?.hasRoomFor(record.byteLength)) block = this.#startBlock(record.byteLength);
    const before = block.byteLength;
    const position = block.append(record);
    this.#byteLength += block.byteLength - before;
    this.#position = block.end;
    return position;
  }

  /** The blocks for the next write: all of one segment. They are no longer appended to. */
  takeGroup(): OpenBlock[] {
    let count = 1;
    while (count < this.#blocks.length && !this.#blocks[count]?.isFirstInSegment) count++;
    const group = this.#blocks.splice(0, count);
    if (this.#open && group.includes(this.#open)) this.#open = undefined;
    return group;
  }

  /** Gives back what is on disk. */
  release(group: readonly OpenBlock[]): void {
    for (const block of group) {
      this.#byteLength -= block.byteLength;
      if (block.buffer.length === this.#options.blockBytes && this.#spare.length < spareMax) this.#spare.push(block.buffer);
    }
    assert(this.#byteLength >= 0, 'more bytes were released than appended');
  }

  #startBlock(byteLength: number): OpenBlock {
    const { blockBytes, segmentBytes, segmentMs, preamble, now } = this.#options;
    const createdAt = now();
    const segment = this.#segment;
    const isFirstInSegment =
      !segment || this.#position - segment.base >= segmentBytes || createdAt - segment.createdAt >= segmentMs;
    if (isFirstInSegment) this.#segment = { base: this.#position, createdAt };
    const needed = blockHeaderBytes + recordHeaderBytes + byteLength;
    const block = new OpenBlock({
      position: this.#position,
      isFirstInSegment,
      createdAt,
      preamble: isFirstInSegment ? preamble() : none,
      buffer: needed > blockBytes ? Buffer.allocUnsafeSlow(needed) : (this.#spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes)),
    });
    this.#blocks.push(block);
    this.#open = block;
    this.#byteLength += blockHeaderBytes;
    return block;
  }
}

const none = Buffer.alloc(0);
