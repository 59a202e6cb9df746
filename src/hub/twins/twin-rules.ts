import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { twinLimits } from './limits.ts';

export type TwinSection = 'tags' | 'desired' | 'reported';

// Control characters of ASCII and Latin-1, and what would be ambiguous in queries: `.`, `$`, space.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const keyForbidden = /[\u0000-\u001f\u007f-\u009f.$ ]/;

const sizeMax: Record<TwinSection, number> = {
  tags: twinLimits.tagsSizeMax,
  desired: twinLimits.desiredSizeMax,
  reported: twinLimits.reportedSizeMax,
};

/** Throws Problem `twin-invalid` when a patch holds a key, a value or a depth that no twin may hold. */
export function checkTwinPatch(section: TwinSection, patch: JsonObject): void {
  checkMembers(section, patch, 1);
}

/** Throws Problem `twin-invalid` when the section as a whole, after a patch, is too large or too deep. */
export function checkTwinSection(section: TwinSection, properties: JsonObject): void {
  const size = sizeOfMembers(properties);
  if (size <= sizeMax[section]) return;
  throw invalid(section, `has ${size} characters after the change; at most ${sizeMax[section]} are allowed`);
}

function checkMembers(section: TwinSection, members: JsonObject, depth: number): void {
  for (const [key, value] of Object.entries(members)) {
    checkKey(section, key);
    checkValue(section, value, depth);
  }
}

/** `depth` counts the containers around `value`, the section included. */
function checkValue(section: TwinSection, value: Json, depth: number): void {
  if (typeof value === 'string') {
    if (Buffer.byteLength(value) <= twinLimits.stringBytesMax) return;
    throw invalid(section, `holds a string longer than ${twinLimits.stringBytesMax} bytes`);
  }
  if (typeof value === 'number') checkNumber(section, value);
  if (typeof value !== 'object' || value === null) return;
  if (depth >= twinLimits.depthMax) throw invalid(section, `nests deeper than ${twinLimits.depthMax} levels`);
  if (isJsonObject(value)) checkMembers(section, value, depth + 1);
  else for (const element of value) checkValue(section, element, depth + 1);
}

function checkNumber(section: TwinSection, value: number): void {
  // 1e999 parses to Infinity, which no document can carry back.
  if (!Number.isFinite(value)) throw invalid(section, 'holds a number that is out of range');
  if (!Number.isInteger(value) || (value >= twinLimits.integerMin && value <= twinLimits.integerMax)) return;
  throw invalid(section, `holds an integer outside ${twinLimits.integerMin} to ${twinLimits.integerMax}`);
}

function checkKey(section: TwinSection, key: string): void {
  if (key.length === 0) throw invalid(section, 'has an empty name');
  if (keyForbidden.test(key)) throw invalid(section, 'has a name with a control character, a space, "." or "$"');
  if (Buffer.byteLength(key) > twinLimits.keyBytesMax)
    throw invalid(section, `has a name longer than ${twinLimits.keyBytesMax} bytes`);
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
