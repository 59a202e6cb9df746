/**
 * Reads the last level of a request topic, `?$rid=…&name=value`. Values are left as they are: a request
 * id is echoed byte for byte, whatever it holds. Of duplicates the first counts. Undefined without `?`.
 */
export function parseTopicQuery(text: string): Map<string, string> | undefined {
  if (!text.startsWith('?')) return undefined;
  const query = new Map<string, string>();
  for (const piece of text.slice(1).split('&')) {
    const at = piece.indexOf('=');
    if (at <= 0) continue;
    const name = piece.slice(0, at);
    if (!query.has(name)) query.set(name, piece.slice(at + 1));
  }
  return query;
}

/** Pairs in the order given, nothing encoded: the values are ids, numbers, or echoes. */
export function formatTopicQuery(pairs: readonly (readonly [string, string])[]): string {
  return `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`;
}
