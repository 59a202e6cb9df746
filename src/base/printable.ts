/**
 * `text` safe to show in a terminal, a log or a page: control, format and bidirectional characters
 * become escapes, and more than `charactersMax` characters are cut with an ellipsis. For names that
 * a peer chose.
 */
export function printable(text: string, charactersMax = 200): string {
  const escaped = text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return escaped.length > charactersMax ? `${escaped.slice(0, charactersMax - 1)}…` : escaped;
}
