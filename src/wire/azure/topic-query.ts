/**
 * Bytes of a request id; SDKs send a number or a UUID. It comes back in the topic of the answer, which is
 * longer than that of the request and may not outgrow the 65,535 bytes that a topic has.
 */
export const requestIdBytesMax = 1_024;

/**
 * Reads the last level of a request topic, `?$rid=…&name=value`. Values are left as they are: a request
 * id is echoed byte for byte, whatever it holds. Of duplicates the first counts. Undefined without `?`,
 * and when the request id is too long to be echoed.
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
  return Buffer.byteLength(query.get('$rid') ?? '') > requestIdBytesMax ? undefined : query;
}

/** Pairs in the order given, nothing encoded: the values are ids, numbers, or echoes. */
export function formatTopicQuery(pairs: readonly (readonly [string, string])[]): string {
  return `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`;
}
