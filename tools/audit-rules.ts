/**
 * What package.json and package-lock.json must be like, so that `npm ci` brings what was reviewed: the bytes are
 * fixed, by no host in particular, and nothing runs at installing that nobody agreed to. Pure: each rule can be seen to fire.
 */
import type { LockEntry, Lockfile, Manifest, Names } from './lockfile.ts';

export type RootManifest = Manifest & {
  readonly workspaces: readonly string[];
  /** By package: whether its install script may run. One that is not named has not been decided on. */
  readonly allowScripts: Readonly<Record<string, boolean>>;
};

export type Audited = {
  readonly lock: Lockfile;
  readonly root: RootManifest;
  /** The manifests of the workspaces by their folder. */
  readonly workspaces: Readonly<Record<string, Manifest>>;
  readonly npmrc: string;
};

const dependencyKinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/** What is wrong, a line each. */
export function auditDependencies(audited: Audited): string[] {
  const { lock, root, npmrc } = audited;
  const manifests: [string, Manifest][] = [['', root], ...Object.entries(audited.workspaces)];
  const own = new Set(manifests.map(([folder]) => folder));
  const foreign = Object.entries(lock.packages).filter(([path]) => !own.has(path));
  return [
    ...(lock.lockfileVersion === 3 ? [] : [`package-lock.json has version ${lock.lockfileVersion}, not 3`]),
    ...foreign.flatMap(([path, entry]) => checkEntry(path, entry, root)),
    ...manifests.flatMap(([folder, manifest]) => [...checkPins(folder, manifest), ...checkAgreement(folder, manifest, lock)]),
    ...checkScripts(foreign, root),
    ...npmrc
      .split('\n')
      .filter((line) => /registry\s*=|^\s*\/\/|_auth|_password/i.test(line))
      .map((line) => `.npmrc names a registry or a credential: ${line.split('=')[0]?.trim()}`),
  ];
}

function checkEntry(path: string, entry: LockEntry, { workspaces }: RootManifest): string[] {
  if (entry.link) {
    const isOurs = entry.resolved !== undefined && workspaces.includes(entry.resolved);
    return isOurs ? [] : [`${path} is a link to ${entry.resolved}, which is no workspace`];
  }
  const findings: string[] = [];
  // A weaker digest beside it would do: npm takes the strongest there is.
  if (!/(^| )sha512-[A-Za-z0-9+/]{86}==($| )/.test(entry.integrity ?? '')) findings.push(`${path} has no sha512 integrity`);
  if (entry.resolved !== undefined) findings.push(`${path} names where it came from: ${entry.resolved}`);
  return findings;
}

function checkPins(folder: string, manifest: Manifest): string[] {
  return dependencyKinds.flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version))
      .map(([name, version]) => `${manifestName(folder)} does not pin ${name}: ${version}`),
  );
}

/** What `npm ci` refuses, and a lockfile that was edited to bring another version under the same pin. */
function checkAgreement(folder: string, manifest: Manifest, lock: Lockfile): string[] {
  const locked = lock.packages[folder];
  if (!locked) return [`package-lock.json does not know ${manifestName(folder)}`];
  const findings: string[] = [];
  if (locked.name !== manifest.name || locked.version !== manifest.version)
    findings.push(`package-lock.json has another name or version for ${manifestName(folder)}`);
  for (const kind of dependencyKinds) {
    const [wanted, held] = [manifest[kind] ?? {}, locked[kind] ?? {}];
    for (const name of new Set([...Object.keys(wanted), ...Object.keys(held)])) {
      if (wanted[name] !== held[name])
        findings.push(
          `${manifestName(folder)} wants ${name} ${wanted[name] ?? 'nowhere'}, package-lock.json says ${held[name] ?? 'nothing'}`,
        );
    }
    findings.push(...checkVersions(folder, wanted, lock));
  }
  return findings;
}

function checkVersions(folder: string, wanted: Names, { packages }: Lockfile): string[] {
  return Object.entries(wanted).flatMap(([name, version]) => {
    const entry = (folder && packages[`${folder}/node_modules/${name}`]) || packages[`node_modules/${name}`];
    return entry?.version === version
      ? []
      : [`package-lock.json holds ${name} ${entry?.version ?? 'not at all'}, pinned is ${version}`];
  });
}

function checkScripts(foreign: readonly [string, LockEntry][], { allowScripts }: RootManifest): string[] {
  const scripted = new Set(foreign.filter(([, entry]) => entry.hasInstallScript).map(([path, entry]) => nameOf(path, entry)));
  return [
    ...[...scripted]
      .filter((name) => allowScripts[name] === undefined)
      .map((name) => `${name} has an install script, and allowScripts does not say whether it may run`),
    ...Object.keys(allowScripts)
      .filter((name) => !scripted.has(name))
      .map((name) => `allowScripts names ${name}, which has no install script`),
  ];
}

/** An alias is installed under another name than its own. */
function nameOf(path: string, entry: LockEntry): string {
  return entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

const manifestName = (folder: string) => (folder ? `${folder}/package.json` : 'package.json');

/** Known vulnerabilities out of `npm audit --json`, a line each; undefined when it is no answer of a registry. */
export function readVulnerabilities(output: string): string[] | undefined {
  try {
    const { vulnerabilities, metadata } = JSON.parse(output) as {
      vulnerabilities?: Record<string, { severity?: string; range?: string }>;
      metadata?: { vulnerabilities?: unknown };
    };
    if (!vulnerabilities || !metadata?.vulnerabilities) return undefined;
    return Object.entries(vulnerabilities).map(
      ([name, { severity, range }]) => `${name} ${range ?? ''} has a known vulnerability (${severity ?? 'of unknown severity'})`,
    );
  } catch {
    return undefined;
  }
}
