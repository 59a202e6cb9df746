import { Problem } from '#base/problem.ts';
import { isApiVersion } from '#wire/azure/api-version.ts';

/**
 * The URL as the router of the service's REST shall see it (hub-service-protocol.md 3.1): decoded once over
 * the whole path, so that separators which a client encoded separate, then each segment encoded again,
 * without one trailing slash. A path that does not decode stays as it is: the router refuses it.
 */
export function normalizeServiceUrl(url: string): string {
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
  const decoded = decode(path);
  if (decoded === undefined) return url;
  const segments = decoded.split('/');
  if (segments.length > 2 && segments.at(-1) === '') segments.pop();
  return segments.map(encodeSegment).join('/') + query;
}

/** A dollar sign stays: the router knows `$testnew` by it. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll('%24', '$');
}

/** The path of a normalized URL in plain text: what the scope of a token is compared with. */
export function servicePath(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return decode(path) ?? path;
}

/** Undefined for what does not decode. */
export function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The first version that clients were made for. */
const firstVersion = '2016-02-03';

/** Throws Problem `argument-invalid` unless the URL names a version of the service (3.2). */
export function requireServiceVersion(url: string): void {
  if (isApiVersion(new URLSearchParams(url.split('?', 2)[1]).get('api-version'), firstVersion)) return;
  throw new Problem('argument-invalid', `api-version must be a date from ${firstVersion} on.`, { reason: 'protocol-version' });
}
