import type { Hash } from 'node:crypto';
import type { Cancel } from '#base/clock.ts';
import { hourMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Blob, BlobStore } from './blob-store.ts';
import { type Content, ContentFiles, readPieces } from './content-files.ts';
import type { Database } from './database.ts';
import { blockBytesMax, blocksMax, type FileLimits } from './file-limits.ts';
import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';

export type { Blob };

export type BlobAddress = { readonly container: string; readonly name: string };

/** What must be there, or not, for a write to happen. */
export type WriteCondition = {
  readonly isNew?: boolean;
  /** The entity tag of what may be replaced. */
  readonly replaces?: string;
};

export type WriteOptions = WriteCondition & {
  readonly contentType?: string | undefined;
  /** MD5 that the sender computed. */
  readonly md5?: { readonly hash: Hash; readonly expected: Buffer } | undefined;
};

export type FileStoreOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly directory: string;
  readonly limits: FileLimits;
  /** Without it, those of this machine. */
  readonly files?: FileSystem;
};

/** How often it is looked at whether blocks have waited too long. */
const sweepMs = hourMs;
const pageSize = 500;

/**
 * Blobs in containers: files of this machine, told apart by name letter for letter. A write is there when its promise
 * resolves, whole and on disk, or it is not there at all; who reads meanwhile reads what was there before.
 */
export class FileStore {
  readonly #platform: Platform;
  readonly #blobs: BlobStore;
  readonly #contents: ContentFiles;
  readonly #limits: FileLimits;
  /** Of what is stored and of what is being written. */
  #used = { count: 0, bytes: 0 };
  #sweep: Cancel | undefined;

  private constructor({ platform, database, directory, limits, files = nodeFileSystem }: FileStoreOptions) {
    this.#platform = platform;
    this.#blobs = new BlobStore(database);
    this.#contents = new ContentFiles(platform, files, directory);
    this.#limits = limits;
  }

  /** Removes what an earlier run had begun to write. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const store = new FileStore(options);
    await store.#contents.open((names) => store.#blobs.known(names));
    store.#used = await store.#blobs.measure();
    await store.#dropOldBlocks();
    return store;
  }

  stop(): void {
    this.#sweep?.();
  }

  /**
   * Throws Problem `payload-too-large`, `quota-exceeded` or `storage-full` where it has no room, `malformed` for a body
   * that is not what was said of it, `already-exists` or `precondition-failed` where a condition does not hold.
   */
  async write(address: BlobAddress, content: Content, options: WriteOptions = {}): Promise<Blob> {
    this.#checkBlobSize(content.bytes);
    const file = await this.#receive(content, options);
    return this.#put(address, { file, bytes: content.bytes }, options);
  }

  /** Keeps a part of a blob until `commit` names it. Throws as `write` does. */
  async stage(address: BlobAddress, blockId: string, content: Content, options: WriteOptions = {}): Promise<void> {
    const { bytes } = content;
    if (bytes > blockBytesMax) throw tooLarge(`A block has at most ${blockBytesMax} bytes.`);
    const waiting = await this.#blobs.measureBlocks(address, blockId);
    this.#checkBlobSize(waiting.bytes + bytes);
    if (waiting.count >= blocksMax) {
      throw new Problem('conflict', `At most ${blocksMax} blocks may wait for a list.`, { reason: 'BlockCountExceedsLimit' });
    }
    const file = await this.#receive(content, options);
    try {
      const before = await this.#blobs.stage(address, { blockId, file, bytes }, this.#platform.clock.now());
      if (before) await this.#discard([before]);
    } catch (error) {
      await this.#discard([{ file, bytes }]);
      throw error;
    }
  }

  /**
   * Makes the named blocks, in this order, the blob's content; the others that wait for it go. Throws Problem
   * `argument-invalid` when one is missing, otherwise as `write` does.
   */
  async commit(address: BlobAddress, blockIds: readonly string[], options: WriteOptions = {}): Promise<Blob> {
    const waiting = new Map((await this.#blobs.listBlocks(address)).map((block) => [block.blockId, block]));
    const blocks = blockIds.map((blockId) => waiting.get(blockId) ?? missingBlock());
    const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
    this.#checkBlobSize(bytes);
    const file = await this.#receive({ bytes, chunks: this.#join(blocks.map((block) => block.file)) }, {});
    return this.#put(address, { file, bytes }, options);
  }

  /** Gives up what waits for a list of this name. */
  async unstage(address: BlobAddress): Promise<void> {
    await this.#discard(await this.#blobs.unstage(address));
  }

  load(address: BlobAddress): Promise<Blob | undefined> {
    return this.#blobs.load(address);
  }

  /** The blob and its bytes from `start` up to `end`; whoever asks reads them all or calls `return()`. */
  async read(
    address: BlobAddress,
    rangeOf: (blob: Blob) => { start: number; end: number } = ({ bytes }) => ({ start: 0, end: bytes }),
  ): Promise<{ blob: Blob; pieces: AsyncIterableIterator<Buffer> } | undefined> {
    for (;;) {
      const blob = await this.#blobs.load(address);
      if (!blob) return undefined;
      const { start, end } = rangeOf(blob);
      const file = await this.#contents.openFile(blob.file);
      if (file) return { blob, pieces: readPieces(file, start, end) };
      const again = await this.#blobs.load(address);
      // It was written anew in between; if not, somebody took the file away behind our back.
      if (again?.file === blob.file) throw new Error(`The file ${blob.file} of a blob is missing.`);
    }
  }

  /** By name, from behind `after` on, at most 500 at a time. */
  list(container: string, { prefix = '', after = '', max = pageSize } = {}): Promise<Blob[]> {
    return this.#blobs.list(container, { prefix, after, max: Math.min(max, pageSize) });
  }

  /** False when there was none. */
  async delete(address: BlobAddress): Promise<boolean> {
    const blob = await this.#blobs.delete(address);
    if (blob) await this.#discard([blob]);
    return blob !== undefined;
  }

  async deleteContainer(container: string): Promise<void> {
    await this.#discard(await this.#blobs.deleteContainer(container));
  }

  /** Of one blob. */
  get blobBytesMax(): number {
    return this.#limits.blobBytesMax;
  }

  get used(): { readonly count: number; readonly bytes: number } {
    return this.#used;
  }

  async #receive(content: Content, { md5 }: WriteOptions): Promise<string> {
    const { bytes } = content;
    this.#reserve(bytes);
    try {
      const file = await this.#contents.write(md5 ? { ...content, digest: md5.hash } : content);
      if (!md5 || md5.hash.digest().equals(md5.expected)) return file;
      await this.#contents.remove(file);
      throw new Problem('malformed', 'The body does not have the MD5 that was sent with it.', { reason: 'Md5Mismatch' });
    } catch (error) {
      this.#release(bytes);
      throw error;
    }
  }

  async #put(address: BlobAddress, content: { file: string; bytes: number }, options: WriteOptions): Promise<Blob> {
    const { container, name } = address;
    const { contentType } = options;
    const blob: Blob = { container, name, ...content, contentType, modifiedAt: this.#platform.clock.now() };
    try {
      await this.#discard(await this.#blobs.replace(blob, (present) => checkCondition(options, present)));
    } catch (error) {
      await this.#discard([content]);
      throw error;
    }
    return blob;
  }

  async *#join(files: readonly string[]): AsyncGenerator<Buffer> {
    for (const name of files) {
      // Another list of the same blob may have come first; then there is nothing to join any more.
      const file: OpenFile = (await this.#contents.openFile(name)) ?? missingBlock();
      yield* readPieces(file, 0, await file.size());
    }
  }

  async #dropOldBlocks(): Promise<void> {
    try {
      for (;;) {
        const until = plus(this.#platform.clock.now(), -this.#limits.blockKeptMs);
        const dropped = await this.#blobs.dropStaged(until, pageSize);
        await this.#discard(dropped);
        if (dropped.length < pageSize) break;
      }
    } catch (error) {
      this.#platform.log.error('file.unswept', { error: String(error) });
    }
    this.#sweep = this.#platform.clock.calendar.after(sweepMs, () => this.#dropOldBlocks());
  }

  async #discard(old: readonly { file: string; bytes: number }[]): Promise<void> {
    for (const { file, bytes } of old) {
      await this.#contents.remove(file);
      this.#release(bytes);
    }
  }

  #reserve(bytes: number): void {
    const { count, bytes: used } = this.#used;
    const { filesMax, totalBytesMax } = this.#limits;
    if (count >= filesMax || used + bytes > totalBytesMax) {
      throw new Problem('quota-exceeded', 'There is no room left for files; files.totalBytesMax and files.countMax set it.');
    }
    this.#used = { count: count + 1, bytes: used + bytes };
  }

  #release(bytes: number): void {
    this.#used = { count: this.#used.count - 1, bytes: this.#used.bytes - bytes };
  }

  #checkBlobSize(bytes: number): void {
    const { blobBytesMax } = this.#limits;
    if (bytes > blobBytesMax) throw tooLarge(`A file has at most ${blobBytesMax} bytes; files.blobBytesMax sets it.`);
  }
}

function checkCondition({ isNew, replaces }: WriteCondition, present: Blob | undefined): void {
  if (isNew && present) throw new Problem('already-exists', 'There is a blob of this name.');
  if (replaces !== undefined && present?.file !== replaces) {
    throw new Problem('precondition-failed', 'The blob is not the one that was to be replaced.');
  }
}

function tooLarge(detail: string): Problem {
  return new Problem('payload-too-large', detail);
}

function missingBlock(): never {
  throw new Problem('argument-invalid', 'The list names a block that is not there.', { reason: 'InvalidBlockList' });
}
