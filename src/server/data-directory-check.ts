import { chmod, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { StartRefused } from './start-refused.ts';

/** The server's certificates are public, and settings are written by the operator's editor. */
const publicFiles = /^(ca\/[^/]+\.pem|[^/]+\.toml)$/;

/**
 * Makes the data directory with mode 0700, or checks that nobody but its owner can enter it and that
 * nothing in it is open to others. We do not mend the modes: whoever widened them should know.
 */
export async function checkDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(directory);
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  if ((mode & 0o077) !== 0) {
    // An empty directory that the operator made with an ordinary umask holds no secret yet.
    if (entries.length > 0 || uid !== process.getuid?.()) throw tooWide(directory, mode, '700');
    await chmod(directory, 0o700);
  }
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    if (publicFiles.test(relative(directory, path))) continue;
    // Another program may take its file away meanwhile: a simulated board, a journal.
    const found = await lstat(path).catch(() => undefined);
    if (found && (found.mode & 0o077) !== 0) throw tooWide(path, found.mode, entry.isDirectory() ? '700' : '600');
  }
}

function tooWide(path: string, mode: number, wanted: string): StartRefused {
  return new StartRefused(`${path} can be read by others (mode ${(mode & 0o777).toString(8)}).`, {
    why: 'It holds secrets, so homeport does not start on it.',
    fix: `chmod ${wanted} ${quote(path)}`,
  });
}

function quote(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
