import { dirname, join } from 'node:path';
import type { FileSystem, OpenFile } from '#storage/file-system.ts';

/** The power went: nothing more happens on this disk. */
export class PowerCut extends Error {}

/** How much of what was never synced a crash leaves behind: a disk may keep any part of it, in any order. */
export type CrashMode = 'nothing' | 'everything' | { some: () => boolean };

type Write = { kind: 'write'; position: number; bytes: Buffer } | { kind: 'truncate'; size: number };
type Node = { synced: Buffer; current: Buffer; unsynced: Write[] };
type NameChange = { name: string; node: Node | undefined };
type Directory = { synced: Map<string, Node>; current: Map<string, Node>; unsynced: NameChange[] };

/** Pages reach a disk one by one, so a crash may tear a write at their borders. */
const pageBytes = 64;

/**
 * A disk in memory that keeps apart what was synced and what was only written, names in directories
 * included, and fails as told. `crash` answers the disk as the next start finds it.
 */
export class CrashDisk implements FileSystem {
  /** Operations so far; `cutAt` counts in them. */
  operations = 0;
  /** The operation before which the power goes. */
  cutAt = Number.POSITIVE_INFINITY;
  /** Bytes that still fit. */
  room = Number.POSITIVE_INFINITY;
  /** At most this many bytes are taken by one write. */
  writeBytesMax = Number.POSITIVE_INFINITY;
  /** Called before each operation; may throw, or return a promise that holds the operation back. */
  before: (operation: string, path: string) => void | Promise<void> = () => {};
  readonly #directories = new Map<string, Directory>();
  #openFiles = 0;

  get openFiles(): number {
    return this.#openFiles;
  }

  async makeDirectory(path: string): Promise<void> {
    if (!this.#directories.has(path)) {
      this.#directories.set(path, { synced: new Map(), current: new Map(), unsynced: [] });
    }
  }

  async list(directory: string): Promise<string[]> {
    return [...this.#directory(directory).current.keys()];
  }

  async create(directory: string, name: string): Promise<OpenFile> {
    await this.#step('create', join(directory, name));
    const { current, unsynced } = this.#directory(directory);
    if (current.has(name)) throw failure('EEXIST');
    const node: Node = { synced: Buffer.alloc(0), current: Buffer.alloc(0), unsynced: [] };
    current.set(name, node);
    unsynced.push({ name, node });
    return this.#open(node, join(directory, name));
  }

  async open(directory: string, name: string): Promise<OpenFile> {
    const node = this.#directory(directory).current.get(name);
    if (!node) throw failure('ENOENT');
    return this.#open(node, join(directory, name));
  }

  async remove(directory: string, name: string): Promise<void> {
    await this.#step('remove', join(directory, name));
    const { current, unsynced } = this.#directory(directory);
    if (!current.delete(name)) throw failure('ENOENT');
    unsynced.push({ name, node: undefined });
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#step('syncDirectory', directory);
    const entry = this.#directory(directory);
    entry.synced = new Map(entry.current);
    entry.unsynced = [];
  }

  /** What is on the disk after the power went now. */
  crash(mode: CrashMode): CrashDisk {
    const after = new CrashDisk();
    const keeps = mode === 'nothing' ? () => false : mode === 'everything' ? () => true : mode.some;
    for (const [path, directory] of this.#directories) {
      const names = new Map(directory.synced);
      for (const { name, node } of directory.unsynced) {
        if (!keeps()) continue;
        if (node) names.set(name, node);
        else names.delete(name);
      }
      const survived = new Map<string, Node>();
      for (const [name, node] of names) {
        const bytes = surviving(node, keeps);
        survived.set(name, { synced: bytes, current: bytes, unsynced: [] });
      }
      after.#directories.set(path, { synced: survived, current: new Map(survived), unsynced: [] });
    }
    return after;
  }

  /** Changes bytes behind everybody's back, as a failing disk does. */
  damage(directory: string, name: string, change: (bytes: Buffer) => void): void {
    const node = this.#directory(directory).current.get(name);
    if (!node) throw failure('ENOENT');
    node.current = Buffer.from(node.current);
    change(node.current);
    node.synced = Buffer.from(node.current);
    node.unsynced = [];
  }

  async #step(operation: string, path: string): Promise<void> {
    if (this.operations++ >= this.cutAt) throw new PowerCut();
    await this.before(operation, path);
    if (this.operations > this.cutAt) throw new PowerCut();
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path);
    if (!directory) throw failure('ENOENT', dirname(path));
    return directory;
  }

  #open(node: Node, path: string): OpenFile {
    this.#openFiles++;
    return {
      size: async () => node.current.length,
      read: async (target, position) => node.current.copy(target, 0, position),
      write: async (buffers, position) => {
        const all = Buffer.concat(buffers);
        await this.#step('write', path);
        const growth = Math.max(0, position + all.length - node.current.length);
        if (growth > this.room && this.room === 0) throw failure('ENOSPC');
        const bytes = all.subarray(0, Math.min(all.length - Math.max(0, growth - this.room), this.writeBytesMax));
        this.room -= Math.max(0, position + bytes.length - node.current.length);
        const write: Write = { kind: 'write', position, bytes: Buffer.from(bytes) };
        node.current = apply(node.current, write);
        node.unsynced.push(write);
        return bytes.length;
      },
      sync: async () => {
        await this.#step('sync', path);
        node.synced = node.current;
        node.unsynced = [];
      },
      truncate: async (size) => {
        await this.#step('truncate', path);
        const write: Write = { kind: 'truncate', size };
        node.current = apply(node.current, write);
        node.unsynced.push(write);
      },
      close: async () => {
        this.#openFiles--;
      },
    };
  }
}

function surviving(node: Node, keeps: () => boolean): Buffer {
  let bytes = node.synced;
  for (const write of node.unsynced) {
    if (write.kind === 'truncate') {
      if (keeps()) bytes = apply(bytes, write);
      continue;
    }
    for (let at = 0; at < write.bytes.length; at += pageBytes) {
      if (!keeps()) continue;
      bytes = apply(bytes, { kind: 'write', position: write.position + at, bytes: write.bytes.subarray(at, at + pageBytes) });
    }
  }
  return bytes;
}

function apply(bytes: Buffer, write: Write): Buffer {
  const size = write.kind === 'truncate' ? write.size : Math.max(bytes.length, write.position + write.bytes.length);
  const result = Buffer.alloc(size);
  bytes.copy(result);
  if (write.kind === 'write') write.bytes.copy(result, write.position);
  return result;
}

function failure(code: string, detail = ''): Error {
  return Object.assign(new Error(`${code} ${detail}`), { code });
}
