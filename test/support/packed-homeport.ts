import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { readLockfile, runtimePackages } from '../../tools/lockfile.ts';

const repository = join(import.meta.dirname, '../..');
/** What git ignores, and git's own. */
const notCopied = new Set(['node_modules', '.git', '.cache', 'dist', 'coverage']);

export type PackedHomeport = {
  /** The folder in which somebody typed `npm install homeport-….tgz`. */
  readonly folder: string;
  /** What `npm pack` was typed in. */
  readonly clone: string;
  close(): void;
};

/**
 * Types `npm pack` in a copy of this tree, so that nothing here changes under other tests, and `npm install` of
 * what it made in an empty folder. Neither can reach a registry, and npm's cache is empty: what the package
 * declares to need when it runs is laid there before, as the lockfile names it, and nothing else is. npm asks
 * for whatever is missing, and fails.
 */
export function packHomeport(lures: Readonly<Record<string, string>>): PackedHomeport {
  const root = mkdtempSync(join(tmpdir(), 'hp-pack-'));
  const [clone, folder, tarballs] = ['clone', 'folder', 'tarballs'].map((name) => join(root, name)) as [string, string, string];
  const close = () => rmSync(root, { recursive: true, force: true });
  try {
    cpSync(repository, clone, { recursive: true, filter: (path) => !notCopied.has(basename(path)) });
    symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
    for (const [path, text] of Object.entries(lures)) write(join(clone, path), text);
    mkdirSync(tarballs);
    npm(['pack', '--pack-destination', tarballs], clone, root);
    layDependencies(folder);
    const [tarball = ''] = readdirSync(tarballs);
    npm(['install', '--no-audit', '--no-fund', join(tarballs, tarball)], folder, root);
  } catch (error) {
    close();
    throw error;
  }
  return { folder, clone, close };
}

function npm(parameters: readonly string[], cwd: string, root: string): void {
  const alone = ['--offline', '--no-update-notifier', '--cache', join(root, 'cache'), '--loglevel', 'error'];
  try {
    execFileSync('npm', [...parameters, ...alone], { cwd, stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`npm ${parameters[0]} failed\n${stdout}${stderr}`, { cause: error });
  }
}

function layDependencies(folder: string): void {
  write(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const lock = readLockfile();
  for (const path of runtimePackages(lock, '')) {
    const own = join(repository, path, 'node_modules');
    cpSync(join(repository, path), join(folder, path), { recursive: true, filter: (from) => from !== own });
    // npm takes a package whose commands are not linked for a broken one, and would fetch it again.
    const { bin = {} } = lock.packages[path] ?? {};
    const links = join(folder, path.slice(0, path.lastIndexOf('node_modules/')), 'node_modules/.bin');
    mkdirSync(links, { recursive: true });
    for (const [name, file] of Object.entries(bin)) symlinkSync(relative(links, join(folder, path, file)), join(links, name));
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The files below `folder`, with `/` between names, in order. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
