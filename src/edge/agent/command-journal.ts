import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { takeFileLock } from '#storage/file-lock.ts';
import { type Command, requireCommand } from '../entities/command.ts';
import { fileProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';

/** A command that was taken on. */
export type KeptCommand = {
  readonly operation: string;
  readonly id: string;
  readonly command: Command;
  /** In which order they came. */
  readonly sequence: number;
  /** What its operation wanted to know again after an end in the middle. */
  readonly kept?: JsonObject;
};

const fileBytesMax = 16 * 1024 * 1024;

/**
 * What the agent took on, a file for each command, written before anything is done or said of it. So a command does not run twice,
 * whoever repeats it and whenever the agent ends.
 */
export class CommandJournal {
  readonly #platform: Platform;
  readonly #directory: string;
  readonly #commands = new Map<string, KeptCommand>();
  #unlock: () => void;
  #sequence = 0;

  private constructor(platform: Platform, directory: string, unlock: () => void) {
    this.#platform = platform;
    this.#directory = directory;
    this.#unlock = unlock;
  }

  /** Throws Problem `conflict` where another agent has it open: two would do everything twice. */
  static async open(platform: Platform, directory: string): Promise<CommandJournal> {
    await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fileProblem(error, directory);
    });
    const unlock = takeFileLock(join(directory, 'lock'));
    if (!unlock) throw new Problem('conflict', `Another agent runs on ${directory}.`);
    const journal = new CommandJournal(platform, directory, unlock);
    for (const name of await readdir(directory)) {
      if (/^[0-9a-f]{64}\.json$/.test(name)) await journal.#load(join(directory, name));
    }
    journal.#sequence = Math.max(0, ...journal.all.map(({ sequence }) => sequence));
    return journal;
  }

  /** In the order in which they came. */
  get all(): KeptCommand[] {
    return [...this.#commands.values()].sort((one, two) => one.sequence - two.sequence);
  }

  find(operation: string, id: string): KeptCommand | undefined {
    return this.#commands.get(keyOf({ operation, id }));
  }

  /** Keeps a new state; resolves when it is on disk. */
  async put(entry: Omit<KeptCommand, 'sequence'>): Promise<KeptCommand> {
    const key = keyOf(entry);
    const kept = { ...entry, sequence: this.#commands.get(key)?.sequence ?? ++this.#sequence };
    const { random } = this.#platform;
    await replaceFile(this.#pathOf(key), JSON.stringify(kept), { mode: 0o600, random });
    this.#commands.set(key, kept);
    return kept;
  }

  /** Where the disk does not let go of it, it is here again at the next start: that does less harm than to fail whoever clears it. */
  async remove({ operation, id }: Pick<KeptCommand, 'operation' | 'id'>): Promise<void> {
    const key = keyOf({ operation, id });
    this.#commands.delete(key);
    await rm(this.#pathOf(key), { force: true }).catch((error: unknown) => {
      this.#platform.log.warn('agent.journal-failed', { operation, id, error: String(error) });
    });
  }

  close(): void {
    this.#unlock();
    this.#unlock = () => {};
  }

  #pathOf(key: string): string {
    return join(this.#directory, `${key}.json`);
  }

  async #load(path: string): Promise<void> {
    try {
      const kept = readKept((await readSmallFile(path, fileBytesMax)) ?? Buffer.alloc(0));
      this.#commands.set(keyOf(kept), kept);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#platform.log.warn('agent.command-unreadable', { path, error: error.message });
    }
  }
}

function readKept(bytes: Buffer): KeptCommand {
  const value = parseJson(bytes, { bytesMax: fileBytesMax, depthMax: 64 });
  if (!isJsonObject(value)) throw new Problem('malformed', 'The file holds no command.');
  const { operation, id, sequence, kept } = value;
  if (typeof operation !== 'string' || typeof id !== 'string' || typeof sequence !== 'number') {
    throw new Problem('malformed', 'The file holds no command.');
  }
  return { operation, id, sequence, command: requireCommand(value.command), ...(isJsonObject(kept) ? { kept } : {}) };
}

/** Ids are anybody's and may hold what a file name may not. */
function keyOf({ operation, id }: Pick<KeptCommand, 'operation' | 'id'>): string {
  return createHash('sha256').update(`${operation}/${id}`).digest('hex');
}
