import { join } from 'node:path';
import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import { formatTomlTable, parseTomlTable, type TomlTable } from '#base/settings.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { makeDirectory, replaceFile } from '../host/write-file.ts';
import { findSetting, type SettingName } from './setting-keys.ts';
import { readSetting, type SettingValue, type TomlValue, tomlOf } from './setting-value.ts';

const fileBytesMax = 1024 * 1024;

/** One value in the file: where it stands, and which setting that is in any generation's spelling. */
type Entry = { readonly path: readonly string[]; readonly name: SettingName | undefined; readonly value: TomlValue };

/** `tedge.toml` of one configuration directory, with whatever else stands in it. */
export class SettingsFile {
  readonly path: string;
  readonly #directory: string;
  readonly #table: TomlTable;

  private constructor(directory: string, path: string, table: TomlTable) {
    this.#directory = directory;
    this.path = path;
    this.#table = table;
  }

  /** A file that is not there is one without settings. Throws SettingsError when it is no TOML. */
  static async load(directory: string): Promise<SettingsFile> {
    const path = join(directory, 'tedge.toml');
    const bytes = await readSmallFile(path, fileBytesMax);
    return new SettingsFile(directory, path, bytes ? parseTomlTable({ name: path, text: bytes.toString('utf8') }) : {});
  }

  /** Keys that are no setting of ours, dotted; they are kept. */
  get unknownKeys(): readonly string[] {
    return this.#entries().flatMap(({ path, name }) => (name === undefined ? [path.join('.')] : []));
  }

  /** Throws Problem `argument-invalid` when the file has something that does not fit. */
  read(name: SettingName): SettingValue | undefined {
    const entries = this.#entries().filter((entry) => entry.name === name);
    // A file that several generations wrote may say it twice; the newest spelling counts.
    const entry = entries.find(({ path }) => path.join('.') === name) ?? entries[0];
    return entry && readSetting(name, entry.value);
  }

  /** Writes it in the newest spelling, and takes the others out. */
  set(name: SettingName, value: SettingValue): void {
    this.unset(name);
    const path = name.split('.');
    const leaf = path.pop() ?? name;
    let table = this.#table;
    for (const [depth, part] of path.entries()) {
      if (!Object.hasOwn(table, part)) table[part] = {};
      const next = table[part];
      if (!isTable(next)) {
        const where = path.slice(0, depth + 1).join('.');
        throw new Problem('conflict', `'${where}' is not a section in ${this.path}, so '${name}' has no place there.`);
      }
      table = next;
    }
    table[leaf] = tomlOf(value);
  }

  /** Takes it out in every spelling; whether it was there. */
  unset(name: SettingName): boolean {
    const entries = this.#entries().filter((entry) => entry.name === name);
    for (const { path } of entries) remove(this.#table, path);
    return entries.length > 0;
  }

  /** Readable by all, since `tedge mqtt pub` runs as anyone; the key file is what nobody else may read. */
  async save(random: Random): Promise<void> {
    await makeDirectory(this.#directory);
    await replaceFile(this.path, formatTomlTable(this.#table), { mode: 0o644, random });
  }

  #entries(): Entry[] {
    return entriesOf(this.#table, []);
  }
}

function entriesOf(table: TomlTable, above: readonly string[]): Entry[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const path = [...above, key];
    return isTable(value) ? entriesOf(value, path) : [{ path, name: findSetting(path.join('.')), value }];
  });
}

/** Takes the value out, and the sections that are empty then. */
function remove(table: TomlTable, path: readonly string[]): void {
  const [key, ...below] = path;
  if (key === undefined) return;
  const value = table[key];
  if (below.length > 0 && isTable(value)) {
    remove(value, below);
    if (Object.keys(value).length > 0) return;
  }
  delete table[key];
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}
