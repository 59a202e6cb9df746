import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The data directory, or a secret in it, can be read by others. */
export class DirectoryTooWide extends Error {}

const secretFiles = /(\.key|^master\.key|^azsphere\.json)$/;

/**
 * Makes the data directory with mode 0700, or checks that nobody but its owner can enter it and that
 * no key file in it is open to others. We do not mend the modes: whoever widened them should know.
 */
export async function checkDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(directory);
  const isEmpty = (await readdir(directory)).length === 0;
  if ((mode & 0o077) !== 0) {
    // An empty directory that the operator made with an ordinary umask holds no secret yet.
    if (isEmpty && uid === process.getuid?.()) await chmod(directory, 0o700);
    else throw new DirectoryTooWide(tooWide(directory, mode, '700'));
  }
  for (const folder of ['.', 'ca', 'sphere']) {
    const names = await readdir(join(directory, folder)).catch(() => []);
    for (const name of names.filter((name) => secretFiles.test(name))) {
      const path = join(directory, folder, name);
      const file = await stat(path);
      if ((file.mode & 0o077) !== 0) throw new DirectoryTooWide(tooWide(path, file.mode, '600'));
    }
  }
}

function tooWide(path: string, mode: number, wanted: string): string {
  return `${path} can be read by others (mode ${(mode & 0o777).toString(8)}).\nIt holds keys, so homeport does not start on it.\nRun: chmod ${wanted} ${path}`;
}
