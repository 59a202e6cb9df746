import { Problem } from '#base/problem.ts';
import { type FileSystem, type OpenFile, writeFully } from './file-system.ts';
import {
  type BlockHeader,
  blockHeaderBytes,
  collectRecords,
  decodeSegmentHeader,
  encodeSegmentHeader,
  isBlockSound,
  type LogRecord,
  looksLikeBlock,
  readBlockHeader,
  type SegmentHeader,
  segmentHeaderBytes,
} from './segment-block.ts';
import { findBlockAfter } from './segment-search.ts';

/** A stretch of the log that no longer says what was written: `from` up to, not including, `to`. */
export type Damage = { readonly from: number; readonly to: number };

/** Reading came to bytes that the disk changed after they were acknowledged. Reading can go on at `damage.to`. */
export class LogDamaged extends Problem {
  readonly damage: Damage;

  constructor(damage: Damage) {
    super('internal', `The log is damaged from position ${damage.from} to ${damage.to}.`, { reason: 'log-damaged' });
    this.damage = damage;
  }
}

export function segmentName(base: number): string {
  return `${String(base).padStart(16, '0')}.segment`;
}

/** The base in the name of a segment; undefined for other files. */
export function segmentBase(name: string): number | undefined {
  return /^\d{16}\.segment$/.test(name) ? Number(name.slice(0, 16)) : undefined;
}

/** Holds more than one block of the usual size. */
const searchBytes = 256 * 1024;

/** One file of the log, open for reading and, while it is the newest, for appending. */
export class SegmentFile {
  readonly header: SegmentHeader;
  /** Position behind the last block that may be read. */
  end: number;
  readonly #file: OpenFile;
  #readers = 0;
  #isRetired = false;

  constructor(file: OpenFile, header: SegmentHeader, end: number) {
    this.#file = file;
    this.header = header;
    this.end = end;
  }

  get base(): number {
    return this.header.base;
  }

  get name(): string {
    return segmentName(this.base);
  }

  /** Makes the file and its name durable before anything is written into it. */
  static async create(files: FileSystem, directory: string, header: SegmentHeader): Promise<SegmentFile> {
    const file = await files.create(directory, segmentName(header.base));
    try {
      await writeFully(file, [encodeSegmentHeader(header)], 0);
      await file.sync();
      await files.syncDirectory(directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new SegmentFile(file, header, header.base);
  }

  /** Opens a file whose header is sound; undefined when it is not. */
  static async open(files: FileSystem, directory: string, name: string): Promise<SegmentFile | undefined> {
    const file = await files.open(directory, name);
    const bytes = Buffer.alloc(segmentHeaderBytes);
    const length = await file.read(bytes, 0);
    const header = decodeSegmentHeader(bytes.subarray(0, length));
    if (!header || segmentName(header.base) !== name) {
      await file.close();
      return undefined;
    }
    const size = await file.size();
    return new SegmentFile(file, header, header.base + size - segmentHeaderBytes);
  }

  write(blocks: readonly Buffer[], position: number): Promise<void> {
    return writeFully(this.#file, blocks, this.#offsetOf(position));
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Cuts everything from `position` on. The caller syncs. */
  truncate(position: number): Promise<void> {
    return this.#file.truncate(this.#offsetOf(position));
  }

  /** Raw bytes between two positions, fewer where the file ends. */
  async readBytes(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, to - from));
    const length = await this.#file.read(bytes, this.#offsetOf(from));
    return bytes.subarray(0, length);
  }

  /**
   * Records from `from` (where a block or a record starts) on, some `bytesMax` bytes of them and at least
   * one block. Throws LogDamaged where a checksum does not hold.
   */
  async read(from: number, bytesMax: number): Promise<LogRecord[]> {
    this.#readers++;
    try {
      return await this.#read(from, bytesMax);
    } finally {
      await this.#release();
    }
  }

  /** Where the first sound block begins that begins at `from` or later; `end` when none does. */
  async findBlock(from: number): Promise<number> {
    if (from <= this.base) return this.base;
    this.#readers++;
    try {
      for (let window = searchBytes; ; window *= 2) {
        // A search leaves out the place where it begins.
        const bytes = await this.readBytes(from - 1, Math.min(this.end, from - 1 + window));
        const found = findBlockAfter(bytes, from - 1, this.header.salt);
        if (found) return found.position;
        if (from - 1 + window >= this.end) return this.end;
      }
    } finally {
      await this.#release();
    }
  }

  /** Closes the file as soon as the reads under way have ended. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    if (this.#readers === 0) await this.#file.close();
  }

  async #release(): Promise<void> {
    this.#readers--;
    if (this.#isRetired && this.#readers === 0) await this.#file.close();
  }

  async #read(from: number, bytesMax: number): Promise<LogRecord[]> {
    const end = this.end;
    let start = from;
    let bytes = await this.readBytes(start, Math.min(end, start + Math.max(bytesMax, blockHeaderBytes)));
    if (bytes.length >= 8 && !looksLikeBlock(bytes, 0)) {
      start = from - bytes.readUInt32LE(4);
      if (start < this.base || start >= from) throw await this.#damageAt(from);
      bytes = await this.readBytes(start, Math.min(end, start + Math.max(bytesMax, blockHeaderBytes)));
    }
    const records: LogRecord[] = [];
    for (let offset = 0; start + offset < end; ) {
      const header = readBlockHeader(bytes, offset, start + offset);
      const isPartial = header ? offset + header.byteLength > bytes.length : offset + blockHeaderBytes > bytes.length;
      if (isPartial && records.length > 0) break;
      if (isPartial && header && start + offset + header.byteLength <= end) return this.#readOne(header, from);
      if (!header || isPartial || !isBlockSound(bytes, offset, header, this.header.salt)) {
        // What was read before the damage is handed over first; the next read starts at it and throws.
        if (records.length > 0) break;
        throw await this.#damageAt(start + offset);
      }
      collectRecords(bytes, offset, header, records, from);
      offset += header.byteLength;
    }
    return records;
  }

  /** A block that is larger than the stretch we read. */
  async #readOne(header: BlockHeader, from: number): Promise<LogRecord[]> {
    const bytes = await this.readBytes(header.position, header.position + header.byteLength);
    if (!isBlockSound(bytes, 0, header, this.header.salt)) throw await this.#damageAt(header.position);
    const records: LogRecord[] = [];
    collectRecords(bytes, 0, header, records, from);
    return records;
  }

  async #damageAt(position: number): Promise<LogDamaged> {
    const rest = await this.readBytes(position, this.end);
    const found = findBlockAfter(rest, position, this.header.salt);
    return new LogDamaged({ from: position, to: found?.position ?? this.end });
  }

  #offsetOf(position: number): number {
    return segmentHeaderBytes + position - this.base;
  }
}
