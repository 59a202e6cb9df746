import { crc32 } from 'node:zlib';

/**
 * How a segment looks on disk.
 *
 * A file starts with a header of `segmentHeaderBytes` and goes on with blocks without gaps. A block
 * is what one checksum covers: a header and records. A position is a byte offset into the whole log
 * (file headers not counted), so the place of a record follows from its position alone.
 *
 *     segment: magic 8 · base u64 · created u64 · salt u32 · preamble length u32 · preamble · zeros · crc u32
 *     block:   magic u32 · crc u32 · records' length u32 · count u32 · position u64 · group start u64
 *     record:  length u32 · offset within the block u32 · bytes
 *
 * `group start` is the position at which the write began that this block was part of. A write starts
 * only when the sync of the one before has returned; so a block proves that everything before its
 * group start was on disk, which tells a torn tail from a damaged middle (segment-recovery.ts).
 * The salt goes into every checksum: bytes of another file, or bytes that a device chose, are no block.
 */
export const segmentHeaderBytes = 1024;
export const blockHeaderBytes = 32;
export const recordHeaderBytes = 8;

const segmentMagic = Buffer.from('HPSEGM01');
const blockMagic = 0x31425048;
const preambleOffset = 32;
export const preambleBytesMax = segmentHeaderBytes - preambleOffset - 4;

export type SegmentHeader = { base: number; createdAt: number; salt: number; preamble: Buffer };

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  if (header.preamble.length > preambleBytesMax) throw new Error('The preamble does not fit into a segment header.');
  const bytes = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(bytes, 0);
  writePosition(bytes, header.base, 8);
  writePosition(bytes, header.createdAt, 16);
  bytes.writeUInt32LE(header.salt, 24);
  bytes.writeUInt32LE(header.preamble.length, 28);
  header.preamble.copy(bytes, preambleOffset);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, segmentHeaderBytes - 4)), segmentHeaderBytes - 4);
  return bytes;
}

/** undefined for what is no header, or a damaged one. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(segmentMagic)) return undefined;
  if (crc32(bytes.subarray(0, segmentHeaderBytes - 4)) !== bytes.readUInt32LE(segmentHeaderBytes - 4)) return undefined;
  const preambleLength = bytes.readUInt32LE(28);
  if (preambleLength > preambleBytesMax) return undefined;
  return {
    base: readPosition(bytes, 8),
    createdAt: readPosition(bytes, 16),
    salt: bytes.readUInt32LE(24),
    preamble: Buffer.from(bytes.subarray(preambleOffset, preambleOffset + preambleLength)),
  };
}

export type BlockHeader = { byteLength: number; count: number; position: number; groupStart: number };

/** Completes the block in `bytes` (header space and records) in place. */
export function sealBlock(bytes: Buffer, salt: number, header: { count: number; position: number; groupStart: number }): void {
  bytes.writeUInt32LE(blockMagic, 0);
  bytes.writeUInt32LE(bytes.length - blockHeaderBytes, 8);
  bytes.writeUInt32LE(header.count, 12);
  writePosition(bytes, header.position, 16);
  writePosition(bytes, header.groupStart, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(8), salt), 4);
}

export function looksLikeBlock(bytes: Buffer, offset: number): boolean {
  return offset + 4 <= bytes.length && bytes.readUInt32LE(offset) === blockMagic;
}

/** Reads a header without judging it; undefined when it is not there in full or for another position. */
export function readBlockHeader(bytes: Buffer, offset: number, position: number): BlockHeader | undefined {
  if (offset + blockHeaderBytes > bytes.length || !looksLikeBlock(bytes, offset)) return undefined;
  if (readPosition(bytes, offset + 16) !== position) return undefined;
  return {
    byteLength: blockHeaderBytes + bytes.readUInt32LE(offset + 8),
    count: bytes.readUInt32LE(offset + 12),
    position,
    groupStart: readPosition(bytes, offset + 24),
  };
}

/** Whether the block at `offset` is complete in `bytes` and its checksum holds. */
export function isBlockSound(bytes: Buffer, offset: number, header: BlockHeader, salt: number): boolean {
  const end = offset + header.byteLength;
  if (end > bytes.length || header.groupStart > header.position) return false;
  return crc32(bytes.subarray(offset + 8, end), salt) === bytes.readUInt32LE(offset + 4);
}

/** A record in the log, where it lies in what was read: a view of its own would cost more than the rest of reading it. */
export class LogRecord {
  readonly position: number;
  readonly next: number;
  readonly block: Buffer;
  readonly start: number;
  readonly end: number;

  /** `block` holds position `base` at its offset 0; the record's header is at `at`. */
  constructor(base: number, at: number, block: Buffer, end: number) {
    this.position = base + at;
    this.next = base + end;
    this.block = block;
    this.start = at + recordHeaderBytes;
    this.end = end;
  }

  get bytes(): Buffer {
    return this.block.subarray(this.start, this.end);
  }
}

/** Appends to `into` the records of a sound block that start at `from` or later. */
export function collectRecords(bytes: Buffer, offset: number, header: BlockHeader, into: LogRecord[], from = 0): void {
  const end = offset + header.byteLength;
  const base = header.position - offset;
  for (let at = offset + blockHeaderBytes; at < end; ) {
    const next = at + recordHeaderBytes + bytes.readUInt32LE(at);
    if (base + at >= from) into.push(new LogRecord(base, at, bytes, next));
    at = next;
  }
}

/** Positions and instants stay below 2^53; two 32-bit halves spare the BigInt. */
export function writePosition(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % 0x1_0000_0000, offset);
  bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
}

export function readPosition(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}
