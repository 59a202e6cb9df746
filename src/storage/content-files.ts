import type { Hash } from 'node:crypto';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { errorCode, type FileSystem, isOutOfSpace, type OpenFile, writeFully } from './file-system.ts';

/** What a file is to hold: its bytes, how many there must be, and a digest to follow them. */
export type Content = {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly digest?: Hash;
};

const pieceBytes = 256 * 1024;

/**
 * Contents in one directory, each under a name that chance made: what people call a blob is never part of a path. A
 * file says nothing by being there; it counts when a row names it, and what no row names is removed at the next start.
 */
export class ContentFiles {
  readonly #platform: Platform;
  readonly #files: FileSystem;
  readonly #directory: string;

  constructor(platform: Platform, files: FileSystem, directory: string) {
    this.#platform = platform;
    this.#files = files;
    this.#directory = directory;
  }

  /** Makes the directory and removes every file that `isKnown` does not know. */
  async open(isKnown: (names: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    await this.#files.makeDirectory(this.#directory);
    const names = await this.#files.list(this.#directory);
    for (let at = 0; at < names.length; at += 500) {
      const page = names.slice(at, at + 500);
      const known = await isKnown(page);
      for (const name of page) if (!known.has(name)) await this.remove(name);
    }
  }

  /**
   * The name of a new file that holds `content`, contents and name on disk. Throws Problem `malformed` when there are
   * more or fewer bytes than were said, and `storage-full`; then there is no file.
   */
  async write(content: Content): Promise<string> {
    const name = this.#platform.random.bytes(16).toString('hex');
    const file = await this.#files.create(this.#directory, name).catch(rethrow);
    try {
      try {
        await fill(file, content);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#files.syncDirectory(this.#directory);
    } catch (error) {
      await this.remove(name);
      return rethrow(error);
    }
    return name;
  }

  /** Undefined when it is gone. Whoever has it open reads all of it, even when it is removed meanwhile. */
  async openFile(name: string): Promise<OpenFile | undefined> {
    try {
      return await this.#files.open(this.#directory, name);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** A file that cannot be removed costs room until the next start, and nothing else. */
  async remove(name: string): Promise<void> {
    try {
      await this.#files.remove(this.#directory, name);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#platform.log.warn('file.leftover', { file: name, error: String(error) });
    }
  }
}

/**
 * The bytes of an open file from `start` up to `end`. It is closed when they are read, and by `return()` even when nobody
 * ever asked for a byte, which a generator would not notice.
 */
export function readPieces(file: OpenFile, start: number, end: number): AsyncIterableIterator<Buffer> {
  let at = start;
  let isClosed = false;
  const finish = async (): Promise<IteratorReturnResult<undefined>> => {
    if (!isClosed) await file.close();
    isClosed = true;
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isClosed || at >= end) return finish();
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - at));
      const read = await file.read(piece, at).catch(() => 0);
      if (read === 0) {
        await finish();
        throw new Error('The file is shorter than it was, or cannot be read.');
      }
      at += read;
      return { done: false, value: piece.subarray(0, read) };
    },
    return: finish,
  };
}

async function fill(file: OpenFile, { bytes, chunks, digest }: Content): Promise<void> {
  let position = 0;
  for await (const chunk of chunks) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (position + piece.length > bytes) throw wrongLength();
    digest?.update(piece);
    await writeFully(file, [piece], position);
    position += piece.length;
  }
  if (position !== bytes) throw wrongLength();
}

function wrongLength(): Problem {
  return new Problem('malformed', 'The body is not as long as its Content-Length says.', { reason: 'InvalidHeaderValue' });
}

function rethrow(error: unknown): never {
  if (isOutOfSpace(error)) throw new Problem('storage-full', 'The disk is full; nothing was stored.', { cause: error });
  throw error;
}
