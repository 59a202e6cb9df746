import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { TwinLimits } from './limits.ts';

export type TwinSection = 'tags' | 'desired' | 'reported';

// Control characters of ASCII and Latin-1, and what would be ambiguous in queries: `.`, `$`, space.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const keyForbidden = /[\u0000-\u001f\u007f-\u009f.$ ]/;

const sizeMax = {
  tags: 'tagsSizeMax',
  desired: 'desiredSizeMax',
  reported: 'reportedSizeMax',
} as const satisfies Record<TwinSection, keyof TwinLimits>;

/** Throws Problem `twin-invalid` when a patch holds a key, a value or a depth that no twin may hold. */
export function checkTwinPatch(section: TwinSection, patch: JsonObject, limits: TwinLimits): void {
  checkMembers({ section, limits }, patch, 1);
}

/** Throws Problem `twin-invalid` when the section as a whole, after a patch, is too large or too deep. */
export function checkTwinSection(section: TwinSection, properties: JsonObject, limits: TwinLimits): void {
  const size = sizeOfMembers(properties);
  const most = limits[sizeMax[section]];
  if (size <= most) return;
  throw invalid(section, `has ${size} characters after the change; at most ${most} are allowed`);
}

type Rules = { readonly section: TwinSection; readonly limits: TwinLimits };

function checkMembers(rules: Rules, members: JsonObject, depth: number): void {
  for (const [key, value] of Object.entries(members)) {
    checkKey(rules, key);
    checkValue(rules, value, depth);
  }
}

/** `depth` counts the containers around `value`, the section included. */
function checkValue(rules: Rules, value: Json, depth: number): void {
  const { section, limits } = rules;
  if (typeof value === 'string') {
    if (Buffer.byteLength(value) <= limits.stringBytesMax) return;
    throw invalid(section, `holds a string longer than ${limits.stringBytesMax} bytes`);
  }
  if (typeof value === 'number') checkNumber(rules, value);
  if (typeof value !== 'object' || value === null) return;
  if (depth >= limits.depthMax) throw invalid(section, `nests deeper than ${limits.depthMax} levels`);
  if (isJsonObject(value)) checkMembers(rules, value, depth + 1);
  else for (const element of value) checkValue(rules, element, depth + 1);
}

function checkNumber({ section, limits }: Rules, value: number): void {
  // 1e999 parses to Infinity, which no document can carry back.
  if (!Number.isFinite(value)) throw invalid(section, 'holds a number that is out of range');
  if (!Number.isInteger(value) || (value >= limits.integerMin && value <= limits.integerMax)) return;
  throw invalid(section, `holds an integer outside ${limits.integerMin} to ${limits.integerMax}`);
}

function checkKey({ section, limits }: Rules, key: string): void {
  if (key.length === 0) throw invalid(section, 'has an empty name');
  if (keyForbidden.test(key)) throw invalid(section, 'has a name with a control character, a space, "." or "$"');
  if (Buffer.byteLength(key) > limits.keyBytesMax) throw invalid(section, `has a name longer than ${limits.keyBytesMax} bytes`);
}

function sizeOfMembers(members: JsonObject): number {
  let size = 0;
  for (const [key, value] of Object.entries(members)) size += key.length + sizeOf(value);
  return size;
}

function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (value === null) return 0;
  return isJsonObject(value) ? sizeOfMembers(value) : value.reduce((size: number, element) => size + sizeOf(element), 0);
}

function invalid(section: TwinSection, what: string): Problem {
  return new Problem('twin-invalid', `The section ${section} ${what}.`);
}
