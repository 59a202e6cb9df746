import { parse as parseToml, stringify, type TomlTable } from 'smol-toml';
import { nearestName } from './nearest-name.ts';

/** One setting: what it is, what it is by default and what it says about itself on the reference page. */
export type SettingField =
  | { readonly kind: 'text'; readonly default: string; readonly describe: string; readonly choices?: readonly string[] }
  | { readonly kind: 'number'; readonly default: number; readonly describe: string; readonly min: number; readonly max: number }
  | { readonly kind: 'flag'; readonly default: boolean; readonly describe: string }
  | { readonly kind: 'list'; readonly default: readonly string[]; readonly describe: string };

export type SettingFields = Readonly<Record<string, SettingField>>;
type ValueOf<F extends SettingField> = F['kind'] extends 'list'
  ? readonly string[]
  : F['kind'] extends 'number'
    ? number
    : F['kind'] extends 'flag'
      ? boolean
      : string;
export type SettingValues<F extends SettingFields> = { readonly [name in keyof F]: ValueOf<F[name]> };

export type SettingSources = {
  /** A TOML document and the name it has in messages. */
  readonly file?: { readonly name: string; readonly text: string };
  /** `PREFIX_A__B` sets `a.b`; other variables are not ours. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly environmentPrefix?: string;
  readonly flags?: Readonly<Record<string, unknown>>;
};

/** Where a value came from: `default`, the file's name, a variable's name or `flag`. */
export type ResolvedSettings<F extends SettingFields> = {
  readonly values: SettingValues<F>;
  readonly origins: Readonly<Record<string, string>>;
};

/** Something is wrong with the settings; the message names the key, its source and the nearest known name. */
export class SettingsError extends Error {}

export type { TomlTable };

/**
 * A TOML document as a table that formatTomlTable writes back without loss: integers stay apart from
 * other numbers. Throws SettingsError.
 */
export function parseTomlTable(file: { readonly name: string; readonly text: string }): TomlTable {
  try {
    return parseToml(file.text, { integersAsBigInt: true, unsafeKeyBehaviour: 'throw', maxDepth: 100 });
  } catch (cause) {
    throw notToml(file.name, cause);
  }
}

/** `table` as a TOML document; comments and the order of keys in the file it came from are not part of it. */
export function formatTomlTable(table: TomlTable): string {
  return `${stringify(table, { numbersAsFloat: true }).trimEnd()}\n`;
}

/** Defaults < file < environment < flags. Throws SettingsError for an unknown key or a value that does not fit. */
export function resolveSettings<F extends SettingFields>(fields: F, sources: SettingSources): ResolvedSettings<F> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    values[name] = field.default;
    origins[name] = 'default';
  }
  const apply = (name: string, value: unknown, origin: string) => {
    const field = fields[name];
    if (!field) throw new SettingsError(unknownKey(name, Object.keys(fields), origin));
    values[name] = readValue(name, field, value, origin);
    origins[name] = origin;
  };
  for (const [name, value] of readFile(sources.file)) apply(name, value, sources.file?.name ?? 'file');
  for (const [variable, name, value] of readEnvironment(sources)) apply(name, value, variable);
  for (const [name, value] of Object.entries(sources.flags ?? {})) if (value !== undefined) apply(name, value, 'flag');
  return { values: Object.freeze(values) as SettingValues<F>, origins };
}

function readFile(file: SettingSources['file']): [string, unknown][] {
  if (!file) return [];
  try {
    return flatten(parseToml(file.text), '');
  } catch (cause) {
    throw notToml(file.name, cause);
  }
}

function notToml(name: string, cause: unknown): SettingsError {
  return new SettingsError(`${name} is not valid TOML: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`);
}

function flatten(table: Record<string, unknown>, prefix: string): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
      ? flatten(value as Record<string, unknown>, name)
      : [[name, value] as [string, unknown]];
  });
}

function readEnvironment({ environment = {}, environmentPrefix = 'HOMEPORT' }: SettingSources): [string, string, string][] {
  return Object.entries(environment)
    .filter(([variable, value]) => variable.startsWith(`${environmentPrefix}_`) && variable.includes('__') && value !== undefined)
    .map(([variable, value]) => [
      variable,
      variable
        .slice(environmentPrefix.length + 1)
        .split('__')
        .map((part) => part.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()))
        .join('.'),
      value ?? '',
    ]);
}

function readValue(name: string, field: SettingField, value: unknown, origin: string): unknown {
  const wrong = (expected: string) =>
    new SettingsError(`${name} (from ${origin}) must be ${expected}, not ${JSON.stringify(value)}.`);
  switch (field.kind) {
    case 'text':
      if (typeof value !== 'string') throw wrong('a text');
      if (field.choices && !field.choices.includes(value)) throw wrong(`one of ${field.choices.join(', ')}`);
      return value;
    case 'number': {
      const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number) || number < field.min || number > field.max)
        throw wrong(`a whole number from ${field.min} to ${field.max}`);
      return number;
    }
    case 'flag':
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw wrong('true or false');
    case 'list': {
      const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
      if (!Array.isArray(list) || list.some((item) => typeof item !== 'string' || item === '')) throw wrong('a list of texts');
      return Object.freeze([...list]);
    }
  }
}

function unknownKey(name: string, known: readonly string[], origin: string): string {
  const nearest = nearestName(name, known);
  return `There is no setting ${name} (from ${origin}).${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`;
}
