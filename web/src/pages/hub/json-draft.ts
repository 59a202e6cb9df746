import type { JsonValue } from '../../api/contract.ts';

/** A section of a twin as people edit it: without what the service adds to it. */
export function sectionText(section: Readonly<Record<string, JsonValue>> = {}): string {
  const own = Object.entries(section).filter(([name]) => name !== '$metadata' && name !== '$version');
  return JSON.stringify(Object.fromEntries(own), null, 2);
}

export type ReadJson<T> = { value: T; problem?: undefined } | { value?: undefined; problem: string };

/** What a person typed, which must be an object. */
export function readObject(text: string): ReadJson<Record<string, JsonValue>> {
  const read = readJson(text);
  if (read.problem !== undefined) return read;
  const { value } = read;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value };
  return { problem: 'Write an object: names and values in braces.' };
}

/** What a person typed as JSON; nothing is null. */
export function readJson(text: string): ReadJson<JsonValue> {
  if (text.trim() === '') return { value: null };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : 'it cannot be read.'}` };
  }
}
