import { join } from 'node:path';
import { Problem } from '#base/problem.ts';
import { parseTomlTable, type TomlTable } from '#base/settings.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import type { ServiceCommands } from './command-manager.ts';

const fileBytesMax = 64 * 1024;
const wordsMax = 32;

/**
 * What the administrator's `system.toml` says of the service manager, in its section `[init]`; undefined without file or section. Throws
 * Problem `argument-invalid` for one that leaves out a verb.
 */
export async function loadServiceCommands(configDirectory: string): Promise<ServiceCommands | undefined> {
  const path = join(configDirectory, 'system.toml');
  const bytes = await readSmallFile(path, fileBytesMax);
  if (!bytes) return undefined;
  const { init } = parseTomlTable({ name: path, text: bytes.toString('utf8') });
  if (init === undefined) return undefined;
  if (!isTable(init)) throw new Problem('argument-invalid', `'init' in ${path} is not a section.`);
  const words = (verb: string) => {
    const value = init[verb];
    if (isWords(value)) return value;
    throw new Problem('argument-invalid', `'init.${verb}' in ${path} is not a list of a program and its arguments.`);
  };
  return {
    name: typeof init.name === 'string' && init.name !== '' ? init.name : 'service manager',
    isAvailable: words('is_available'),
    restart: words('restart'),
    stop: words('stop'),
    enable: words('enable'),
    disable: words('disable'),
    isActive: words('is_active'),
    ...(init.start === undefined ? {} : { start: words('start') }),
  };
}

function isTable(value: TomlTable[string]): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function isWords(value: TomlTable[string] | undefined): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= wordsMax &&
    value.every((word: unknown) => typeof word === 'string')
  );
}
