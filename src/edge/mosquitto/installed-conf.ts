import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';

/** What mosquitto's own configuration, which is the distribution's and the administrator's, says of what concerns us. */
export type InstalledConf = {
  readonly path: string;
  /** Whom mosquitto becomes when root starts it: who has to be able to read certificate and key. */
  readonly user: string;
  readonly includeDirectories: readonly string[];
  readonly listenerPorts: readonly number[];
  readonly logFile: string | undefined;
};

const fileBytesMax = 1024 * 1024;
const includedFilesMax = 1_000;

/**
 * Reads `path` and the files that it includes, but those of `ownDirectory`; undefined when there is none. Throws Problem
 * for what cannot be read.
 */
export async function loadInstalledConf(path: string, ownDirectory: string): Promise<InstalledConf | undefined> {
  const bytes = await readSmallFile(path, fileBytesMax);
  if (!bytes) return undefined;
  const own = optionsOf(bytes);
  const includeDirectories = valuesOf(own, 'include_dir').map((directory) => resolve(directory));
  const options = [...own];
  for (const directory of includeDirectories) {
    if (directory !== ownDirectory) options.push(...(await optionsBelow(directory)));
  }
  return {
    path,
    user: valuesOf(options, 'user').at(-1) ?? 'mosquitto',
    includeDirectories,
    listenerPorts: [...valuesOf(options, 'listener'), ...valuesOf(options, 'port')].map((value) => Number.parseInt(value, 10)),
    logFile: valuesOf(options, 'log_dest').flatMap((value) => /^file\s+(.+)$/.exec(value)?.[1] ?? [])[0],
  };
}

type Option = { readonly name: string; readonly value: string };

/** Mosquitto reads the files that end so. */
async function optionsBelow(directory: string): Promise<Option[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.conf')).slice(0, includedFilesMax);
    const files = await Promise.all(names.map((name) => readSmallFile(join(directory, name), fileBytesMax)));
    return files.flatMap((bytes) => (bytes ? optionsOf(bytes) : []));
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, directory);
  }
}

function optionsOf(bytes: Buffer): Option[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, value] = /^\s*([a-z_]+)\s+(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [{ name, value }];
    });
}

function valuesOf(options: readonly Option[], wanted: string): string[] {
  return options.flatMap(({ name, value }) => (name === wanted ? [value] : []));
}
