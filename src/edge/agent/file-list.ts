import { join } from 'node:path';
import { Problem } from '#base/problem.ts';
import { parseTomlTable, SettingsError, type TomlTable } from '#base/settings.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { listBytesMax, listEntriesMax } from './limits.ts';

/** One record of `files`: what the owner of the device lets others have under the name `type`. */
export type ListedFile = {
  readonly type: string;
  readonly path: string;
  /** Whatever else stands there. */
  readonly more: TomlTable;
};

/**
 * The records in a list of the original's form, `files = [{ type = "…", path = "…" }]`, below the configuration directory; a record without a type
 * goes by its path. No file, no records. Throws Problem `argument-invalid` for a list that cannot be read.
 */
export async function loadFileList(configDirectory: string, name: string): Promise<readonly ListedFile[]> {
  const path = join(configDirectory, 'plugins', name);
  const bytes = await readSmallFile(path, listBytesMax);
  if (!bytes) return [];
  const { files = [] } = parseList(path, bytes.toString('utf8'));
  if (!Array.isArray(files) || files.length > listEntriesMax) {
    throw new Problem('argument-invalid', `'files' in ${path} is not a list of at most ${listEntriesMax} records.`);
  }
  return files.map((record) => {
    if (!isTable(record) || typeof record.path !== 'string' || !record.path.startsWith('/')) {
      throw new Problem('argument-invalid', `A record of ${path} has no absolute path.`);
    }
    const { path: file, type = file, ...more } = record;
    if (typeof type !== 'string' || type === '')
      throw new Problem('argument-invalid', `The type of ${file} in ${path} is no text.`);
    return { type, path: file, more };
  });
}

/** The types of a list, for who asks what there is; none of a list that cannot be read, as of the original. */
export async function typesOf(configDirectory: string, name: string): Promise<string[]> {
  try {
    return [...new Set((await loadFileList(configDirectory, name)).map(({ type }) => type))].sort();
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}

/** The type that a request asks for. Throws Problem `argument-invalid`. */
export function requireType(type: unknown): string {
  if (typeof type === 'string' && type !== '') return type;
  throw new Problem('argument-invalid', "The request has no 'type'.");
}

function parseList(name: string, text: string): TomlTable {
  try {
    return parseTomlTable({ name, text });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new Problem('argument-invalid', error.message, { cause: error });
  }
}

function isTable(value: TomlTable[string]): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}
