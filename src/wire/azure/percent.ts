/**
 * Percent-decodes as devices need it: `+` is literal, and a sequence that is malformed, or no UTF-8,
 * stays as it is while the sound ones around it are decoded (hub-device-protocol.md 4.6).
 */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeSequences);
  }
}

/** Percent-encodes everything but the unreserved characters of RFC 3986. Throws URIError for a lone surrogate. */
export function encodePercent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Decodes a run of %XX character by character; a byte that begins none stays as it is. */
function decodeSequences(run: string): string {
  let decoded = '';
  for (let at = 0; at < run.length; ) {
    const sequence = run.slice(at, at + 3 * sequenceBytes(Number.parseInt(run.slice(at + 1, at + 3), 16)));
    try {
      decoded += decodeURIComponent(sequence);
      at += sequence.length;
    } catch {
      decoded += run.slice(at, at + 3);
      at += 3;
    }
  }
  return decoded;
}

/** How many bytes the UTF-8 character has that begins with `lead`. */
function sequenceBytes(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
