import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Random } from '#base/random.ts';
import { CommandFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * Makes sure that `path` may be written, before any work is done: an existing file is replaced only
 * with `isForced` or a yes. Returns whether replacing is allowed.
 */
export async function confirmOutputFile(path: string, terminal: Terminal, options: { isForced: boolean }): Promise<boolean> {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present?.isDirectory()) throw new CommandFailure('usage', `${path} is a directory.`);
  if (!present || options.isForced) return options.isForced;
  if (!terminal.isInputTerminal) {
    throw new CommandFailure('failed', `${path} exists.`, { fix: 'Add --force to replace it, or name another file.' });
  }
  const answer = await terminal.ask(`${path} exists. Replace it? (y/N) `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('failed', `${path} exists and was kept.`);
  return true;
}

/**
 * Writes `bytes` under a temporary name beside `path` and gives it its name when it is whole, so that
 * nobody ever sees half a file. Without `isReplacing`, a file that appeared meanwhile wins.
 */
export function writeOutputFile(
  path: string,
  bytes: Uint8Array,
  options: { random: Random; isReplacing: boolean; mode?: number },
): void {
  const temporary = join(dirname(path), `.${basename(path)}.${options.random.bytes(6).toString('hex')}`);
  try {
    writeFileSync(temporary, bytes, { flag: 'wx', mode: options.mode ?? 0o666, flush: true });
    if (options.isReplacing) renameSync(temporary, path);
    else linkSync(temporary, path);
  } catch (cause) {
    const error: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause));
    if (error.code === 'ENOENT') throw new CommandFailure('failed', `There is no directory ${dirname(path)}.`, { cause });
    throw new CommandFailure('failed', `${path} could not be written.`, { why: error.message, cause });
  } finally {
    rmSync(temporary, { force: true });
  }
}
