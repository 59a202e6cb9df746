import { rm, symlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Environment } from '#base/data-directory.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import { Problem } from '#base/problem.ts';
import { fileProblem } from '../host/file-problem.ts';
import { runProgram } from '../host/run-program.ts';
import { aptGraceMs, modulesMax, pluginMsMax } from './limits.ts';

export type AptWorld = {
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** Each line of standard input, for update-list. */
  readonly lines: () => Promise<readonly string[]>;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly signal: AbortSignal;
};

/** What a plugin says by its exit code, in the original's protocol. */
export const pluginCodes = { done: 0, usage: 1, failed: 2 } as const;

/** Runs a program and returns what it printed. */
type Run = (words: readonly string[]) => Promise<string>;

type Change = {
  readonly action: string;
  readonly name: string;
  readonly version?: string | undefined;
  readonly file?: string | undefined;
};

const aptGet = ['apt-get', '--quiet', '--yes'] as const;
/** apt-get says a line or more for each package. */
const outputBytesMax = 64 * 1024 * 1024;
/**
 * As Debian has them, and with the architecture. apt-get takes a minus or a plus at the very end of a word for removal or installation, whatever
 * stands before it, so no part may end so; `++` alone is that of a name such as g++.
 */
const namePattern = /^[a-z0-9][a-z0-9+.-]*(?:[a-z0-9.]|\+\+)(?::[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?$/;
const versionPattern = /^[A-Za-z0-9](?:[A-Za-z0-9.+:~-]*[A-Za-z0-9.~])?$/;
const listFormat = `\${db:Status-Abbrev}\\t\${binary:Package}\\t\${Version}\\n`;

/** The plugin for Debian's packages. Returns its exit code; what went wrong is complained of. */
export async function runAptPlugin(platform: Platform, words: readonly string[], world: AptWorld): Promise<number> {
  const [command = '', ...rest] = words;
  try {
    const run = (program: readonly string[]) => runApt(platform, program, world);
    if (['list', 'prepare', 'finalize', 'update-list'].includes(command) && rest.length > 0)
      throw new UsageError(`${command} takes no arguments.`);
    switch (command) {
      case 'list':
        for (const line of parseInstalled(await run(['dpkg-query', '--show', `--showformat=${listFormat}`]))) world.print(line);
        break;
      case 'prepare':
        await run([...aptGet, 'update']);
        break;
      case 'finalize':
        await run([...aptGet, 'autoremove']);
        break;
      case 'install':
      case 'remove':
        await apply([readChange(command, rest)], run, world);
        break;
      case 'update-list':
        await apply((await world.lines()).filter((line) => line.trim() !== '').map(readLine), run, world);
        break;
      default:
        throw new UsageError('list, prepare, install, remove, update-list or finalize is expected.');
    }
    return pluginCodes.done;
  } catch (error) {
    world.complain(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? pluginCodes.usage : pluginCodes.failed;
  }
}

class UsageError extends Error {}

/**
 * In one go, so that apt-get resolves it as one; a name with a minus behind it is removed. Files that were there before keep their content. A name
 * that no package has is an error: without `Pattern-Only`, apt-get would take it for a regular expression and change all that match it.
 */
async function apply(changes: readonly Change[], run: Run, world: AptWorld): Promise<void> {
  if (changes.length > modulesMax) throw new UsageError(`At most ${modulesMax} packages are changed at once.`);
  if (changes.length === 0) return;
  const options = ['APT::Cmd::Pattern-Only=true', 'Dpkg::Options::=--force-confold'].flatMap((option) => ['--option', option]);
  const words: string[] = [];
  const links: string[] = [];
  try {
    for (const { action, name, version, file } of changes) {
      if (action === 'remove') words.push(`${name}-`);
      else if (file === undefined) words.push(version === undefined ? name : `${name}=${version}`);
      else words.push(await asPackageFile(resolve(world.workingDirectory, file), name, run, links));
    }
    await run([...aptGet, ...options, '--allow-downgrades', 'install', ...words]);
  } finally {
    for (const link of links) await rm(link, { force: true });
  }
}

/** By a name that apt-get takes for a file's, whatever the download is called. Throws Problem for the file of another package. */
async function asPackageFile(path: string, name: string, run: Run, links: string[]): Promise<string> {
  const found = (await run(['dpkg-deb', '--field', path, 'Package'])).trim();
  const [wanted] = name.split(':');
  if (found !== wanted)
    throw new Problem('argument-invalid', `The file is that of the package '${printable(found)}', not of ${wanted}.`);
  if (path.endsWith('.deb')) return path;
  const link = `${path}.deb`;
  await symlink(path, link).catch((error: unknown) => {
    throw fileProblem(error, link);
  });
  links.push(link);
  return link;
}

function readChange(action: string, words: readonly string[]): Change {
  const [name = '', ...options] = words;
  const found = new Map<string, string>();
  for (let index = 0; index < options.length; index += 2) {
    const [option = '', value] = options.slice(index, index + 2);
    const isKnown = option === '--module-version' || (option === '--file' && action === 'install');
    if (!isKnown || value === undefined)
      throw new UsageError(`${action} NAME [--module-version VERSION]${action === 'install' ? ' [--file FILE]' : ''}`);
    found.set(option, value);
  }
  return checked({ action, name, version: found.get('--module-version'), file: found.get('--file') });
}

function readLine(line: string): Change {
  const [action = '', name = '', version = '', file = ''] = line.split('\t').map((field) => field.trim());
  if (action !== 'install' && action !== 'remove') throw new UsageError('A line begins with install or remove.');
  return checked({ action, name, version: version || undefined, file: file || undefined });
}

function checked(change: Change): Change {
  const { name, version } = change;
  if (!namePattern.test(name)) throw new UsageError(`'${name}' is no name of a package.`);
  if (version !== undefined && !versionPattern.test(version)) throw new UsageError(`'${version}' is no version of a package.`);
  return change;
}

function parseInstalled(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [status = '', name, version] = line.split('\t');
    return name !== undefined && /^.i/.test(status) ? [`${name}\t${version ?? ''}`] : [];
  });
}

async function runApt(platform: Platform, words: readonly string[], { environment, signal }: AptWorld): Promise<string> {
  const end = await runProgram(platform, {
    words,
    environment: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
    outputBytesMax,
    timeoutMs: pluginMsMax,
    graceMs: aptGraceMs,
    signal,
  });
  if (end.code === 0) return end.stdout;
  throw new Problem('unavailable', end.stderr === '' ? `${words.join(' ')} ended with ${end.code}.` : end.stderr);
}
