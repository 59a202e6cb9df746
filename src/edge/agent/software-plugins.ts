import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { type ProgramEnd, runProgram } from '../host/run-program.ts';
import { pluginGraceMs, pluginMsMax, pluginOutputBytesMax, pluginsMax } from './limits.ts';

export type Module = { readonly name: string; readonly version?: string };
export type ModuleChange = Module & { readonly action: 'install' | 'remove'; readonly file?: string };

/** A package manager of this device: an executable in the directory of plugins, which is also its type. */
export type SoftwarePlugin = {
  readonly type: string;
  list(signal: AbortSignal): Promise<Module[]>;
  prepare(signal: AbortSignal): Promise<void>;
  finalize(signal: AbortSignal): Promise<void>;
  change(change: ModuleChange, signal: AbortSignal): Promise<void>;
  /** All at once, in this order; false where the plugin does that one by one only. */
  changeAll(changes: readonly ModuleChange[], signal: AbortSignal): Promise<boolean>;
};

/** What a plugin answers to a command that it does not know; nothing was done. */
const usageCode = 1;

/** The plugins that there are now, by the original's protocol. */
export async function loadPlugins(platform: Platform, directory: string): Promise<SoftwarePlugin[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, directory);
  });
  const plugins: SoftwarePlugin[] = [];
  for (const type of names.sort()) {
    const path = join(directory, type);
    if (type.startsWith('.') || !(await isExecutable(path))) continue;
    if (plugins.length === pluginsMax) throw new Problem('quota-exceeded', `${directory} holds more than ${pluginsMax} plugins.`);
    plugins.push(pluginAt(platform, type, path));
  }
  return plugins;
}

function pluginAt(platform: Platform, type: string, path: string): SoftwarePlugin {
  const call = (words: readonly string[], signal: AbortSignal, input = '') =>
    runProgram(platform, {
      words: [path, ...words],
      input,
      signal,
      timeoutMs: pluginMsMax,
      outputBytesMax: pluginOutputBytesMax,
      graceMs: pluginGraceMs,
    });
  const must = async (words: readonly string[], signal: AbortSignal) => {
    const end = await call(words, signal);
    if (end.code !== 0) throw pluginProblem(type, words[0] ?? '', end);
    return end.stdout;
  };
  return {
    type,
    list: async (signal) => parseList(await must(['list'], signal)),
    prepare: async (signal) => void (await must(['prepare'], signal)),
    finalize: async (signal) => void (await must(['finalize'], signal)),
    async change({ action, name, version, file }, signal) {
      const words = [action, name];
      if (version !== undefined) words.push('--module-version', version);
      if (file !== undefined) words.push('--file', file);
      await must(words, signal);
    },
    async changeAll(changes, signal) {
      const lines = changes.map(
        ({ action, name, version = '', file = '' }) => `${[action, name, version, file].join('\t').trimEnd()}\n`,
      );
      const end = await call(['update-list'], signal, lines.join(''));
      if (end.code !== 0 && end.code !== usageCode) throw pluginProblem(type, 'update-list', end);
      return end.code === 0;
    },
  };
}

function pluginProblem(type: string, command: string, { code, stderr }: ProgramEnd): Problem {
  return new Problem('unavailable', `The plugin ${type} failed to ${command} with ${code}${stderr === '' ? '' : `: ${stderr}`}`);
}

/** Lines of name and version with a tabulator between them; a module may have no version. */
function parseList(text: string): Module[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', version = ''] = line.trim().split('\t');
    if (name === '') return [];
    return [{ name, ...(version === '' ? {} : { version }) }];
  });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
