import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from './run.ts';

export type Names = Readonly<Record<string, string>>;

/** A manifest as package.json and package-lock.json both write it. */
export type Manifest = {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
};

/** What package-lock.json says of one package, by its path in the tree. */
export type LockEntry = Manifest & {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly bin?: Names;
  readonly hasInstallScript?: boolean;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
};

export type Lockfile = { readonly lockfileVersion?: number; readonly packages: Readonly<Record<string, LockEntry>> };

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(repository, path), 'utf8')) as T;
}

export const readLockfile = (): Lockfile => readJson('package-lock.json');

/**
 * The paths of everything that a workspace (`''` is the root) needs when it runs: its dependencies and theirs,
 * each looked up as Node does, outwards from the one that asks. Throws for one that the lockfile does not hold.
 */
export function runtimePackages({ packages }: Lockfile, workspace: string): string[] {
  const reached = new Set<string>();
  const visit = (from: string, entry: LockEntry) => {
    const wanted = { ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies };
    for (const name of Object.keys(wanted)) {
      const path = outwards(from)
        .map((folder) => join(folder, 'node_modules', name))
        .find((candidate) => packages[candidate]);
      const found = path && packages[path];
      if (!found) {
        if (entry.optionalDependencies?.[name] || entry.peerDependenciesMeta?.[name]?.optional) continue;
        throw new Error(`package-lock.json has no ${name}, which ${from || 'package.json'} needs`);
      }
      if (reached.has(path)) continue;
      reached.add(path);
      visit(path, found);
    }
  };
  const start = packages[workspace];
  if (!start) throw new Error(`package-lock.json has no ${workspace || 'root'}`);
  visit(workspace, start);
  return [...reached].sort();
}

/** `web/node_modules/a` looks in itself, then in `web`, then in the root. */
function outwards(path: string): string[] {
  const folders: string[] = [];
  for (let folder = path; folder !== '.' && folder !== ''; folder = dirname(folder))
    if (!/(^|\/)node_modules(\/@[^/]+)?$/.test(folder)) folders.push(folder);
  return [...folders, ''];
}
