import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes `content` under `path` with mode 0600, whole or not at all, and on disk when this resolves. */
export async function writePrivateFile(path: string, content: string | Buffer, mode = 0o600): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** What `path` holds, or what `make` returns, which is then stored there. */
export async function loadOrCreateFile(path: string, make: () => Buffer | Promise<Buffer>): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const content = await make();
  await writePrivateFile(path, content);
  return content;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
