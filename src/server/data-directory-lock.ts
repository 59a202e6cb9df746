import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { takeFileLock } from '#storage/file-lock.ts';
import { StartRefused } from './start-refused.ts';

/**
 * Takes the data directory for this process, so that no two servers write to it. Returns what releases
 * it; the lock of a process that died is free. The file beside it only says whom to stop.
 */
export async function lockDataDirectory(directory: string): Promise<() => Promise<void>> {
  const pidPath = join(directory, 'pid');
  const release = takeFileLock(join(directory, 'lock'));
  if (!release) {
    const pid = (await readFile(pidPath, 'utf8').catch(() => '')).trim();
    throw new StartRefused(
      `The data directory ${directory} is in use by another homeport${/^\d+$/.test(pid) ? ` (process ${pid})` : ''}.`,
      { fix: 'Stop that one, or give this one its own with --data DIRECTORY.' },
    );
  }
  await writeFile(pidPath, `${process.pid}\n`, { mode: 0o600 });
  return async () => {
    await unlink(pidPath).catch(() => undefined);
    release();
  };
}
