import { mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The files below the segment log, as a port: tests put a disk behind it that withholds syncs, runs
 * full, writes short or loses everything unsynced (test/support/crash-disk.ts).
 */
export interface FileSystem {
  /** Makes the directory and its parents where they are missing, durably. */
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** Makes a new, empty file; one of that name must not exist. */
  create(directory: string, name: string): Promise<OpenFile>;
  open(directory: string, name: string): Promise<OpenFile>;
  remove(directory: string, name: string): Promise<void>;
  /** Puts the names in the directory on disk: without it a crash may bring back or lose a whole file. */
  syncDirectory(directory: string): Promise<void>;
}

export interface OpenFile {
  size(): Promise<number>;
  /** Reads up to `target.length` bytes; fewer only at the end of the file. */
  read(target: Buffer, position: number): Promise<number>;
  /** Writes the buffers one after another from `position` on; may write less than asked. */
  write(buffers: readonly Buffer[], position: number): Promise<number>;
  /** Returns when contents and size are on disk. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

const directoryMode = 0o700;
const fileMode = 0o600;

export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    const topmost = await mkdir(path, { recursive: true, mode: directoryMode });
    if (topmost === undefined) return;
    // A new name is on disk when the directory that holds it was synced.
    for (let made = path; made.length >= topmost.length; made = dirname(made)) await syncDirectory(dirname(made));
  },
  list: (directory) => readdir(directory),
  create: (directory, name) => openFile(join(directory, name), 'wx+'),
  open: (directory, name) => openFile(join(directory, name), 'r+'),
  remove: (directory, name) => unlink(join(directory, name)),
  syncDirectory,
};

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, flags: string): Promise<OpenFile> {
  const handle = await open(path, flags, fileMode);
  return {
    size: async () => (await handle.stat()).size,
    async read(target, position) {
      let done = 0;
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    write: async (buffers, position) => (await handle.writev([...buffers], position)).bytesWritten,
    sync: () => handle.datasync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}

/** writev takes at most this many pieces (IOV_MAX). */
const piecesMax = 1024;

/** Writes all of `buffers`, going on after short writes. */
export async function writeFully(file: OpenFile, buffers: readonly Buffer[], position: number): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0);
  let at = position;
  while (rest.length > 0) {
    const written = await file.write(rest.slice(0, piecesMax), at);
    if (written <= 0) throw new Error('The file took no bytes.');
    at += written;
    rest = dropBytes(rest, written);
  }
}

function dropBytes(buffers: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (left >= buffer.length) left -= buffer.length;
    else {
      rest.push(left > 0 ? buffer.subarray(left) : buffer);
      left = 0;
    }
  }
  return rest;
}

/** Whether a write failed for want of room, which may come back, rather than because the disk is broken. */
export function isOutOfSpace(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
