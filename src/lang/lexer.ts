import { Complaint, type Span } from './complaint.ts';
import { languageLimits } from './limits.ts';

export type Token = Span &
  (
    | { readonly kind: 'word'; readonly text: string }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string }
    /** `[[any text]]`, or in routing conditions `{any text}`. */
    | { readonly kind: 'name'; readonly text: string; readonly form: 'brackets' | 'braces' }
    | { readonly kind: 'symbol'; readonly text: string }
    | { readonly kind: 'end' }
  );

// Sticky, so that each looks at one place only and the whole is linear.
const blank = /\s+/y;
const word = /[\p{L}_$][\p{L}\p{M}\p{N}_$]*/uy;
const number = /0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const symbol = /<=|>=|<>|!=|[=<>()[\].,;*+\-/%]/y;
const plainText = /[^'"\\]+/y;
const hexEscape = /[0-9a-fA-F]{4}/y;

const escapes: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * The words of the query language and of routing conditions (hub-service-protocol.md 5 and 6), one by one; the last is
 * of kind `end`. Throws a Complaint where there is none.
 */
export function* readTokens(text: string): Generator<Token, void> {
  if (text.length > languageLimits.textCharactersMax) {
    const span = { start: languageLimits.textCharactersMax, end: text.length };
    throw new Complaint(`The text is longer than ${languageLimits.textCharactersMax} characters.`, span);
  }
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  for (;;) {
    take(blank);
    const start = at;
    if (at >= text.length) return yield { kind: 'end', start, end: start };
    const first = text.charAt(at);
    if (first === "'" || first === '"') {
      at += 1;
      const value = readString(first);
      yield { kind: 'string', value, start, end: at };
    } else if (text.startsWith('[[', at)) yield readName('[[', ']]', 'brackets');
    else if (first === '{') yield readName('{', '}', 'braces');
    else {
      const digits = take(number);
      const found = digits ?? take(word);
      if (digits !== undefined) yield readNumber(digits, start);
      else if (found !== undefined) yield { kind: 'word', text: found, start, end: at };
      else {
        const sign = take(symbol);
        if (sign === undefined)
          throw new Complaint(`The character ${JSON.stringify(first)} means nothing here.`, { start, end: start + 1 });
        yield { kind: 'symbol', text: sign, start, end: at };
      }
    }
  }

  function readNumber(digits: string, start: number): Token {
    const tail = take(word);
    if (tail !== undefined) throw new Complaint(`A number may not run into ${JSON.stringify(tail)}.`, { start, end: at });
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new Complaint('The number is out of range.', { start, end: at });
    return { kind: 'number', value, start, end: at };
  }

  function readName(open: string, close: string, form: 'brackets' | 'braces'): Token {
    const start = at;
    const end = text.indexOf(close, at + open.length);
    if (end < 0) throw new Complaint(`There is no ${close} for this ${open}.`, { start, end: start + open.length });
    const name = text.slice(at + open.length, end).trim();
    at = end + close.length;
    if (name === '') throw new Complaint('The name is empty.', { start, end: at });
    return { kind: 'name', text: name, form, start, end: at };
  }

  /** Up to the closing quote: one of the same kind that is neither escaped nor doubled. */
  function readString(quote: string): string {
    const start = at - 1;
    let value = '';
    while (at < text.length) {
      const plain = take(plainText);
      if (plain !== undefined) {
        value += plain;
        continue;
      }
      const character = text.charAt(at);
      at += 1;
      if (character === '\\') value += readEscape();
      else if (character !== quote) value += character;
      else if (text.charAt(at) !== quote) return value;
      else {
        value += quote;
        at += 1;
      }
    }
    throw new Complaint('The string has no end.', { start, end: text.length });
  }

  function readEscape(): string {
    const start = at - 1;
    const letter = text.charAt(at);
    at += 1;
    if (letter === 'u') {
      const digits = take(hexEscape);
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    } else if (Object.hasOwn(escapes, letter)) return escapes[letter] ?? '';
    throw new Complaint('There is no such escape; a backslash itself is written twice.', {
      start,
      end: Math.min(at, text.length),
    });
  }
}
