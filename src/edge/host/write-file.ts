import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Random } from '#base/random.ts';
import { fileErrorCode, fileProblem } from './file-problem.ts';

/**
 * Gives `path` new content whole or not at all: written beside it under another name, synced, then
 * renamed. A link keeps pointing where it points, unless `followsLinks` is false: then the file takes its place.
 */
export async function replaceFile(
  path: string,
  content: string | Buffer,
  options: { mode: number; random: Random; owner?: { uid: number; gid: number }; followsLinks?: boolean },
): Promise<void> {
  const { followsLinks = true } = options;
  try {
    const target = !followsLinks
      ? path
      : await realpath(path).catch((error: unknown) => {
          if (fileErrorCode(error) === 'ENOENT') return path;
          throw error;
        });
    const temporary = join(dirname(target), `.${basename(target)}.${options.random.bytes(6).toString('hex')}`);
    try {
      await writeNew(temporary, content, options.mode, options.owner);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(dirname(target));
  } catch (error) {
    throw fileProblem(error, path);
  }
}

/**
 * Creates `path` with `content`; something there of any kind is Problem `already-exists`. Only its owner
 * may read it until it is whole and gets `mode`.
 */
export async function createFile(path: string, content: string | Buffer, mode: number): Promise<void> {
  try {
    await writeNew(path, content, mode);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileProblem(error, path);
  }
}

/** Makes `directory` and what is missing above it, for its group to write as the original's package does. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o775 });
  } catch (error) {
    throw fileProblem(error, directory);
  }
}

async function writeNew(
  path: string,
  content: string | Buffer,
  mode: number,
  owner?: { uid: number; gid: number },
): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    const own = owner && (await file.stat());
    // Before the mode, which it may take bits from; and not at all where nothing changes, since only root may.
    if (owner && (own?.uid !== owner.uid || own.gid !== owner.gid)) await file.chown(owner.uid, owner.gid);
    // Not by open: the umask would take some of it away.
    await file.chmod(mode);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
