import { join, resolve } from 'node:path';
import { assert } from '#base/assert.ts';
import type { Environment } from '#base/data-directory.ts';
import { findSetting, type SettingKey, type SettingName, settingKey } from './setting-keys.ts';
import { parseSetting, type SettingValue } from './setting-value.ts';
import type { SettingsFile } from './settings-file.ts';

/** Variables that are no settings although they begin like one. */
const otherVariables: readonly string[] = ['TEDGE_CONFIG_DIR', 'TEDGE_CLOUD_PROFILE'];

const usualDirectory = '/etc/tedge';

/** The configuration directory: `explicit` (an option), else `TEDGE_CONFIG_DIR`, else `/etc/tedge`, whoever asks. */
export function resolveConfigDirectory(world: {
  readonly explicit: string | undefined;
  readonly environment: Environment;
  readonly workingDirectory: string;
}): string {
  return resolve(world.workingDirectory, world.explicit || world.environment.TEDGE_CONFIG_DIR || usualDirectory);
}

/** Every setting of one configuration directory: environment, else file, else another setting, else default. */
export class TedgeSettings {
  readonly directory: string;
  readonly #file: Pick<SettingsFile, 'read' | 'unknownKeys' | 'path'>;
  readonly #variables: ReadonlyMap<SettingName, { readonly variable: string; readonly text: string }>;
  /** What was found and is no setting: for a warning. */
  readonly unknown: readonly string[];

  constructor(directory: string, file: Pick<SettingsFile, 'read' | 'unknownKeys' | 'path'>, environment: Environment) {
    this.directory = directory;
    this.#file = file;
    const found = Object.entries(environment)
      .filter(([variable, text]) => variable.startsWith('TEDGE_') && !otherVariables.includes(variable) && text)
      .map(([variable, text = '']) => ({ variable, text, name: findSetting(variable.slice('TEDGE_'.length).toLowerCase()) }));
    this.#variables = new Map(found.flatMap(({ name, ...rest }) => (name === undefined ? [] : [[name, rest] as const])));
    this.unknown = [
      ...file.unknownKeys.map((key) => `'${key}' in ${file.path}`),
      ...found.flatMap(({ variable, name }) => (name === undefined ? [`${variable} in the environment`] : [])),
    ];
  }

  /** The value that holds, or undefined when nothing sets it. Throws Problem `argument-invalid` for one that does not fit. */
  load(name: SettingName): SettingValue | undefined {
    const key = settingKey(name);
    return this.loadOwn(name) ?? this.#loadFallback(key) ?? this.#defaultOf(name, key);
  }

  /** What environment or file say, without anything standing in. */
  loadOwn(name: SettingName): SettingValue | undefined {
    const variable = this.#variables.get(name);
    return variable ? parseSetting(name, variable.text) : this.#file.read(name);
  }

  /** The text of a setting that has a default. */
  text(name: SettingName): string {
    const value = this.load(name);
    assert(typeof value === 'string', `${name} has no default`);
    return value;
  }

  /** A setting that names a file or a directory; what does not begin with a slash lies below the configuration directory. */
  path(name: SettingName): string {
    return resolve(this.directory, this.text(name));
  }

  #loadFallback({ fallback }: SettingKey): SettingValue | undefined {
    const name = fallback === undefined ? undefined : findSetting(fallback);
    return name && this.load(name);
  }

  #defaultOf(name: SettingName, key: SettingKey): SettingValue | undefined {
    if (key.elsewhere !== undefined && this.directory !== usualDirectory) return join(this.directory, key.elsewhere);
    if (key.defaultFile !== undefined) return join(this.directory, key.defaultFile);
    return typeof key.default === 'string' ? parseSetting(name, key.default) : key.default;
  }
}
