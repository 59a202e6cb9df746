import { mkdtempSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartRefused } from './start-refused.ts';

/** Where Linux keeps a file system in memory for everybody (file-hierarchy(7)). */
const memoryRoot = '/dev/shm';
/** TMPFS_MAGIC and RAMFS_MAGIC, statfs(2). */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];

export type MemoryDirectory = { readonly directory: string; remove(): Promise<void> };

/**
 * A data directory of which nothing reaches a disk: files, sockets and databases in it are memory. It is gone with
 * `remove`, or with the machine. Throws StartRefused where the system has no such place.
 */
export function makeMemoryDirectory(root = memoryRoot): MemoryDirectory {
  if (!isInMemory(root)) {
    throw new StartRefused('This system has no file system in memory for --in-memory.', {
      why: `${root} is not one.`,
      fix: 'Start without it, or name a directory of such a file system with --data.',
    });
  }
  const directory = mkdtempSync(join(root, 'homeport-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Whether what is written below `path` is memory. */
export function isInMemory(path: string): boolean {
  try {
    return memoryFileSystems.includes(statfsSync(path).type);
  } catch {
    return false;
  }
}
