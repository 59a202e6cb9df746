/**
 * Percent-decodes as devices need it: `+` is literal, and a sequence that is malformed, or no UTF-8,
 * stays as it is while the sound ones around it are decoded (hub-device-protocol.md 4.6).
 */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeRun);
  }
}

/** Percent-encodes everything but the unreserved characters of RFC 3986. Throws URIError for a lone surrogate. */
export function encodePercent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Decodes a run of %XX character by character; a byte that begins none stays as it is. Nothing is tried and caught
 * here: a stranger's user name may be twenty thousand of them, and each would cost an exception.
 */
function decodeRun(run: string): string {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  let decoded = '';
  let soundFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterBytes(bytes, at);
    if (length === 0) {
      if (at > soundFrom) decoded += bytes.toString('utf8', soundFrom, at);
      decoded += run.slice(3 * at, 3 * at + 3);
      soundFrom = at + 1;
    }
    at += length || 1;
  }
  return decoded + bytes.toString('utf8', soundFrom);
}

/** How many bytes the UTF-8 character at `at` has; 0 where none is (Unicode, table 3-7). */
function characterBytes(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  // Longer than need be, surrogates, and beyond the last character.
  const secondMin = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const secondMax = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    const [min, max] = i === 1 ? [secondMin, secondMax] : [0x80, 0xbf];
    if (byte < min || byte > max) return 0;
  }
  return length;
}
