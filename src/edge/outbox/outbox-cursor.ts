import { join } from 'node:path';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';

/** How far the hub has taken what waits: everything before `sequence`, which is looked for from `position` on. */
export type OutboxCursor = {
  readonly position: number;
  readonly sequence: number;
  /** How many messages the limits took away, ever. */
  readonly dropped: number;
};

const fileBytesMax = 1_024;

/** undefined where there is none that can be read: then all that is kept goes out once more. */
export async function loadCursor(directory: string): Promise<OutboxCursor | undefined> {
  const bytes = await readSmallFile(join(directory, 'cursor'), fileBytesMax);
  if (!bytes) return undefined;
  try {
    const value = parseJson(bytes);
    if (!isJsonObject(value)) return undefined;
    const { position, sequence, dropped } = value;
    if (!isCount(position) || !isCount(sequence) || !isCount(dropped)) return undefined;
    return { position, sequence, dropped };
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** How much of what the hub has taken may be sent twice after a crash. A write is two syncs, and flash wears. */
const pauseMs = 200;

/**
 * Keeps the newest cursor on disk, the first after a pause at once and then five a second: what moves on meanwhile goes into
 * the next. An old one costs messages that are sent twice and none that are lost, so a disk that takes none is told of once.
 */
export class CursorFile {
  readonly #platform: Platform;
  readonly #path: string;
  #next: OutboxCursor | undefined;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #isClosing = false;
  #endPause: () => void = () => {};

  constructor(platform: Platform, directory: string) {
    this.#platform = platform;
    this.#path = join(directory, 'cursor');
  }

  save(cursor: OutboxCursor): void {
    this.#next = cursor;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when the newest is on disk, or cannot be. Nothing is saved after that. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endPause();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let cursor = this.#next; cursor; cursor = this.#next) {
      this.#next = undefined;
      try {
        await replaceFile(this.#path, `${JSON.stringify(cursor)}\n`, { mode: 0o600, random: this.#platform.random });
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.#platform.log.warn('outbox.cursor-failed', { path: this.#path, error: String(error) });
        this.#isFailing = true;
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    if (this.#isClosing) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#platform.clock.after(pauseMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
