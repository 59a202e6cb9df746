import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';

/** As deep as the original's parser goes. */
const depthMax = 128;

/**
 * The members of a JSON object: name and value as text, names sorted at every level, spaces gone. Numbers keep the digits they
 * were sent with, which a number of JavaScript would round. Of a name that stands twice the last counts. Throws Problem
 * `malformed`.
 */
export function readMembers(payload: Uint8Array): Map<string, string> {
  const text = decode(payload);
  if (!isJsonObject(parse(text))) throw new Problem('malformed', 'The document is no JSON object.');
  return new SoundText(text).members();
}

/** Any JSON as text in the same form. */
export function normalizeJson(payload: Uint8Array): string {
  const text = decode(payload);
  parse(text);
  return new SoundText(text.trim()).value();
}

/** What one of the texts above says. */
export function jsonOf(text: string): Json {
  return parse(text);
}

/** The object as text. */
export function formatMembers(members: ReadonlyMap<string, string>): string {
  const sorted = [...members].sort(([one], [two]) => (one < two ? -1 : 1));
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** Its size is the caller's to judge. */
function parse(text: string): Json {
  return parseJson(text, { bytesMax: Number.MAX_SAFE_INTEGER, depthMax });
}

/** A mark in front of the first byte is no JSON; TextDecoder would swallow it. */
function decode(payload: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch (cause) {
    throw new Problem('malformed', 'The document is not valid UTF-8.', { cause });
  }
}

/** Reads JSON that is known to be sound and not too deep, so it looks no further than to the next sign. */
class SoundText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  members(): Map<string, string> {
    const members = new Map<string, string>();
    this.#list('}', () => {
      const name: unknown = JSON.parse(this.#string());
      this.#skip(/[\s:]*/y);
      members.set(String(name), this.value());
    });
    return members;
  }

  value(): string {
    const first = this.#text[this.#at];
    if (first === '{') return formatMembers(this.members());
    if (first === '"') return this.#string();
    if (first !== '[') return this.#scalar();
    const items: string[] = [];
    this.#list(']', () => void items.push(this.value()));
    return `[${items.join(',')}]`;
  }

  #list(end: string, readItem: () => void): void {
    this.#skip(/\s*[{[]/y);
    for (this.#skip(/[\s,]*/y); this.#text[this.#at] !== end; this.#skip(/[\s,]*/y)) readItem();
    this.#at++;
  }

  #string(): string {
    return this.#skip(/"[^"\\]*(?:\\.[^"\\]*)*"/y);
  }

  #scalar(): string {
    const scalar = this.#skip(/[^\s,\]}]+/y);
    if (/^[-\d]/.test(scalar) && !Number.isFinite(Number(scalar))) {
      throw new Problem('malformed', 'The document has a number that is too large.');
    }
    return scalar;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }
}
