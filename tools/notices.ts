/**
 * `npm run notices` writes THIRD-PARTY-NOTICES.md from the lockfile and the installed packages; with `--check` it
 * writes nothing and fails when the file says something else, or when a licence is not on the list.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, readLockfile, runtimePackages } from './lockfile.ts';
import { checkLicences, renderNotices, type ThirdParty } from './notice-rules.ts';
import { repository } from './run.ts';

const page = 'THIRD-PARTY-NOTICES.md';
const packagesExpected = 100;
/** The bundler puts a few lines of its own into what it emits; what it is itself made of stays behind. */
const bundlers = ['node_modules/vite', 'node_modules/rolldown'];

type Installed = {
  name: string;
  version: string;
  license?: string | { type?: string };
  author?: string | { name?: string };
};

export function thirdParties(): ThirdParty[] {
  const lock = readLockfile();
  const paths = new Set([...runtimePackages(lock, ''), ...runtimePackages(lock, 'web'), ...bundlers]);
  if (paths.size < packagesExpected) throw new Error(`saw ${paths.size} packages, expected at least ${packagesExpected}`);
  const all = [...paths].map(readInstalled);
  const once = new Map(all.map((one) => [`${one.name} ${one.version}`, one]));
  return [...once.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function readInstalled(path: string): ThirdParty {
  const { name, version, license, author } = readJson<Installed>(join(path, 'package.json'));
  const texts = readdirSync(join(repository, path))
    .filter((file) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(repository, path, file), 'utf8'))
    .map((text) => (bundlers.includes(path) ? (text.split(/^#+ Licenses of bundled dependencies/m)[0] ?? '') : text));
  return {
    name,
    version,
    licence: (typeof license === 'string' ? license : license?.type) ?? '',
    author: typeof author === 'string' ? author : author?.name,
    texts,
  };
}

/** What is wrong with the page and the licences, a line each. */
export function checkNotices(): string[] {
  const packages = thirdParties();
  const isCurrent = readFileSync(join(repository, page), 'utf8') === renderNotices(packages);
  return [...checkLicences(packages), ...(isCurrent ? [] : [`${page} is not current: npm run notices`])];
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(join(repository, page), renderNotices(thirdParties()));
  const findings = checkNotices();
  for (const finding of findings) console.log(finding);
  console.log(`notices: ${thirdParties().length} packages, ${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
