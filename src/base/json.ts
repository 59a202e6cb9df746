import { Problem } from './problem.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type JsonLimits = { bytesMax: number; depthMax: number };

const defaultLimits: JsonLimits = { bytesMax: 256 * 1024, depthMax: 32 };

/** Objects and arrays in one document, more than any that means something has: an empty one is three bytes to send and a hundred to hold. */
const containersMax = 250_000;

/**
 * Parses text from outside. Throws Problem `malformed` for what is no JSON, nests too deep or holds
 * too many objects, and `payload-too-large` for too many bytes. The keys `__proto__`, `constructor` and `prototype` stay
 * plain data: JSON.parse defines them as own properties.
 */
export function parseJson(source: string | Uint8Array, limits: Partial<JsonLimits> = {}): Json {
  const { bytesMax, depthMax } = { ...defaultLimits, ...limits };
  const bytes = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength;
  if (bytes > bytesMax)
    throw new Problem('payload-too-large', `The document has ${bytes} bytes; at most ${bytesMax} are accepted.`);
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  checkDepth(text, depthMax);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Problem('malformed', 'The document is not valid JSON.', { cause });
  }
}

/** The value as an object, or Problem `malformed` naming `what`. */
export function requireObject(value: Json, what: string): JsonObject {
  if (!isJsonObject(value)) throw new Problem('malformed', `${what} must be a JSON object.`);
  return value;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem('malformed', 'The document is not valid UTF-8.', { cause });
  }
}

/** Counted before parsing, since JSON.parse recurses and a deep document would exhaust the stack. */
function checkDepth(text: string, depthMax: number): void {
  let depth = 0;
  let containers = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > depthMax) throw new Problem('malformed', `The document nests deeper than ${depthMax} levels.`);
      if (++containers > containersMax) throw new Problem('malformed', `The document has more than ${containersMax} objects.`);
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
}
