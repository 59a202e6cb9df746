import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type FileSystem, nodeFileSystem } from './file-system.ts';

/** What a disk does for a file that somebody else writes: tests put one behind it that withholds or fails. */
export type SyncDisk = Pick<FileSystem, 'syncDirectory'> & {
  open(path: string): Promise<{ sync(): Promise<void>; close(): Promise<void> }>;
};

const nodeSyncDisk: SyncDisk = {
  syncDirectory: nodeFileSystem.syncDirectory,
  async open(path) {
    const handle = await open(path, 'r');
    return { sync: () => handle.datasync(), close: () => handle.close() };
  },
};

/**
 * Brings a file to disk for many who wrote to it: one sync at a time, and whoever wrote while one was under way shares
 * the next. After a sync that failed nothing is known of what the disk has, so each later one fails too.
 */
export class SyncedFile {
  readonly #path: string;
  readonly #disk: SyncDisk;
  #file: Awaited<ReturnType<SyncDisk['open']>> | undefined;
  #underWay: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(path: string, disk: SyncDisk = nodeSyncDisk) {
    this.#path = path;
    this.#disk = disk;
  }

  /** Undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when all that was written before this call is on disk. */
  durable(): Promise<void> {
    if (!this.#underWay) return this.#begin();
    this.#next ??= this.#underWay
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => {});
    await this.#underWay?.catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
  }

  #begin(): Promise<void> {
    const sync = this.#sync().finally(() => {
      if (this.#underWay === sync) this.#underWay = undefined;
    });
    this.#underWay = sync;
    return sync;
  }

  async #sync(): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      if (!this.#file) {
        this.#file = await this.#disk.open(this.#path);
        // Its name, too, or a crash takes the file.
        await this.#disk.syncDirectory(dirname(this.#path));
      }
      await this.#file.sync();
    } catch (cause) {
      this.#failure = new Error(`${this.#path} could not be brought to disk; start anew when the disk is well.`, { cause });
      throw this.#failure;
    }
  }
}
