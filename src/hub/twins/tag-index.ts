import { sha256Hex } from '#base/bytes.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** Longer texts are found by their beginning, and compared in full by whoever reads the twin. */
const textBytesMax = 256;

/** Longer paths are found by their digest. An index of PostgreSQL takes no row beyond 2,700 bytes. */
const pathBytesMax = 256;

/**
 * What the index of tags holds of a document: each member by its path, with its value in bytes whose order is that of
 * values of a kind. Members of arrays are not in it.
 */
export function tagEntries(tags: JsonObject): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  addEntries(entries, [], tags);
  return entries;
}

function addEntries(entries: Map<string, Buffer>, path: readonly string[], members: JsonObject): void {
  for (const [key, value] of Object.entries(members)) {
    const own = [...path, key];
    entries.set(tagPath(own), tagValue(value));
    if (isJsonObject(value)) addEntries(entries, own, value);
  }
}

/** Keys of twins hold no dot. */
export function tagPath(path: readonly string[]): string {
  const text = path.join('.');
  return Buffer.byteLength(text) <= pathBytesMax ? text : `#${sha256Hex(text)}`;
}

/** A letter for the kind, and the value. Objects, arrays and null are all alike among themselves. */
export function tagValue(value: Json): Buffer {
  if (typeof value === 'string') return Buffer.concat([Buffer.from('s'), Buffer.from(value).subarray(0, textBytesMax)]);
  if (typeof value === 'number') return Buffer.concat([Buffer.from('n'), orderedBytes(value)]);
  if (typeof value === 'boolean') return Buffer.from(value ? 'bt' : 'bf');
  if (value === null) return Buffer.from('z');
  return Buffer.from(isJsonObject(value) ? 'o' : 'a');
}

/** The eight bytes of a double, so that their order is that of the numbers. */
function orderedBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  // Both zeroes are equal.
  bytes.writeDoubleBE(value === 0 ? 0 : value);
  const isNegative = (bytes[0] ?? 0) >= 0x80;
  for (const [at, byte] of bytes.entries()) bytes[at] = isNegative ? ~byte & 0xff : at === 0 ? byte | 0x80 : byte;
  return bytes;
}
