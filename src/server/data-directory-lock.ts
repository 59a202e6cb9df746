import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Another server uses the data directory. */
export class DirectoryInUse extends Error {
  constructor(directory: string, pid: string) {
    super(
      `The data directory ${directory} is in use by another homeport (process ${pid}).\nStop that one, or give this one its own with --data DIRECTORY.`,
    );
  }
}

/**
 * Takes the data directory for this process. The lock file holds the process id and the boot it
 * belongs to; one that a dead process left behind is taken over. Returns what releases it.
 */
export async function lockDataDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock');
  const owner = await ownIdentity();
  for (let attempt = 0; attempt < 3; attempt++) {
    const file = await tryCreate(path);
    if (file) {
      await file.writeFile(`${process.pid} ${owner}\n`);
      await file.close();
      return () => unlink(path);
    }
    const [pid = '', ...rest] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    if (pid !== '' && (await isAlive(Number(pid), rest.join(' ')))) throw new DirectoryInUse(directory, pid);
    await unlink(path).catch(() => undefined);
  }
  throw new DirectoryInUse(directory, 'unknown');
}

async function tryCreate(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** A process id is used again after a while, above all in containers; its start time is not. */
async function isAlive(pid: number, identity: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = await identityOf(pid);
  return now === '' || now === identity;
}

function ownIdentity(): Promise<string> {
  return identityOf(process.pid);
}

/** Boot id and start time in ticks, from /proc; empty where there is none. */
async function identityOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()}/${started}`;
  } catch {
    return '';
  }
}
