import type { JsonObject } from '#base/json.ts';

/** What a list is, for whoever brought it. */
export function listSentence({ issuer, entries, nextUpdate }: JsonObject): string {
  const count = entries === 1 ? '1 certificate' : `${String(entries)} certificates`;
  return `The list of ${String(issuer)} counts now. It revokes ${count} and is good until ${String(nextUpdate)}.`;
}
