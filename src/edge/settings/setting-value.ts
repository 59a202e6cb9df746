import { never } from '#base/assert.ts';
import { Problem } from '#base/problem.ts';
import type { TomlTable } from '#base/settings.ts';
import { requireDeviceName } from './device-name.ts';
import { parseDuration } from './duration.ts';
import { type SettingName, settingKey } from './setting-keys.ts';

/** Durations stay the text they were written as. */
export type SettingValue = string | number | boolean | readonly string[];
export type TomlValue = TomlTable[string];

/** No value of a setting is longer; a topic filter is the longest thing there is. */
const textBytesMax = 64 * 1024;
const listItemsMax = 1_000;

/** Reads a value as typed, or as an environment variable has it. Throws Problem `argument-invalid` that says what would fit. */
export function parseSetting(name: SettingName, text: string): SettingValue {
  const { kind, choices = [] } = settingKey(name);
  const wrong = (expected: string) => new Problem('argument-invalid', `'${name}' takes ${expected}, not '${text}'.`);
  if (Buffer.byteLength(text) > textBytesMax) throw new Problem('argument-invalid', `The value of '${name}' is too long.`);
  if (/\p{Cc}/u.test(text)) throw new Problem('argument-invalid', `The value of '${name}' holds a control character.`);
  switch (kind) {
    case 'text':
      return text;
    case 'path':
      if (text === '') throw wrong('a path');
      return text;
    case 'host':
      if (!isHost(text)) throw wrong('a host name or an address, without https:// and without a path');
      return text;
    case 'id':
      return requireDeviceName(text);
    case 'flag':
      if (text !== 'true' && text !== 'false') throw wrong('true or false');
      return text === 'true';
    case 'port':
      return wholeNumber(text, { min: 1, max: 65_535 }) ?? refuse(wrong('a port from 1 to 65535'));
    case 'number':
      return wholeNumber(text, { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? refuse(wrong('a whole number'));
    case 'duration':
      if (parseDuration(text) === undefined) throw wrong('a duration such as 60s, 10m or 365d');
      return text;
    case 'choice':
      if (!choices.includes(text)) throw wrong(choices.join(' or '));
      return text;
    case 'list':
      return parseList(text) ?? refuse(wrong('texts with commas between them'));
    default:
      return never(kind);
  }
}

/** Reads a value as a file has it: a number or a flag may be quoted there. */
export function readSetting(name: SettingName, value: TomlValue): SettingValue {
  if (settingKey(name).kind === 'list' && Array.isArray(value)) {
    return value.map((item) => (typeof item === 'string' ? item : refuse(notOfKind(name))));
  }
  if (typeof value === 'object') throw notOfKind(name);
  return parseSetting(name, String(value));
}

/** The value as a file keeps it. */
export function tomlOf(value: SettingValue): TomlValue {
  if (typeof value === 'number') return BigInt(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : [...value];
}

/** The value as `config get` prints it; a list as JSON would write it, with a space after each comma. */
export function formatSetting(value: SettingValue): string {
  if (typeof value !== 'object') return String(value);
  return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
}

/**
 * A bare name or address, and a port where the hub is not on 8883: an extension of ours, since tests and
 * a second hub on one machine need it (thin-edge.md 6).
 */
function isHost(text: string): boolean {
  const [, name, port] = /^([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (name === undefined || (port !== undefined && wholeNumber(port, { min: 1, max: 65_535 }) === undefined)) return false;
  return URL.canParse(`https://${name}/`) && !name.split('.').slice(0, -1).includes('');
}

function parseList(text: string): string[] | undefined {
  const inner = /^\s*\[(.*)\]\s*$/.exec(text)?.[1] ?? text;
  const items = inner.split(',').map((item) => /^\s*"?(.*?)"?\s*$/.exec(item)?.[1] ?? '');
  if (inner.trim() === '') return [];
  return items.length > listItemsMax || items.includes('') ? undefined : items;
}

function wholeNumber(text: string, range: { min: number; max: number }): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= range.min && value <= range.max ? value : undefined;
}

function notOfKind(name: SettingName): Problem {
  return new Problem('argument-invalid', `'${name}' has a value of the wrong kind in the file.`);
}

function refuse(problem: Problem): never {
  throw problem;
}
