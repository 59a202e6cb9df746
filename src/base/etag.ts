import { Problem } from './problem.ts';

/** An entity tag as it stands in a header: quoted. */
export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

/**
 * Throws Problem `precondition-failed` unless `ifMatch` allows a change of the resource whose tag is
 * `etag`. Absent and `*` allow it; quotes and a weak prefix are ignored, as clients disagree on them.
 */
export function checkIfMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) return;
  const wanted = ifMatch
    .trim()
    .replace(/^W\//, '')
    .replace(/^"+|"+$/g, '');
  if (wanted === '*' || wanted === etag.replace(/^"+|"+$/g, '')) return;
  throw new Problem('precondition-failed', 'The resource has changed since it was read.');
}
