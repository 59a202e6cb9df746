import { accept, refuse, type Verdict } from './verdict.ts';

/** What a request says of where it was sent and from which page. */
export type RequestOrigin = {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which pages cannot forge; absent from older browsers and from programs. */
  readonly fetchSite: string | undefined;
};

/**
 * Decides whether `Host` is a name of ours. A page of another site whose name was rebound to our
 * address would otherwise be same-origin with us.
 */
export function checkHost(request: RequestOrigin, names: ReadonlySet<string>): Verdict<string> {
  const name = hostNameOf(request.host);
  if (name !== undefined && names.has(name)) return accept(name);
  return refuse('host-refused', `${request.host ?? 'No host'} is not a configured name.`, {
    fix: 'Use a configured name, or add this one with --host-name.',
  });
}

/**
 * Decides whether a request that carries a cookie comes from a page of ours. Browsers send `Origin`
 * with every request that changes something, so there it is required; with reading ones of their own
 * site they leave it out.
 */
export function checkOrigin(
  request: RequestOrigin,
  rule: { readonly origins: ReadonlySet<string>; readonly isRequired: boolean },
): Verdict<true> {
  const { host, origin, fetchSite } = request;
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') {
    return refuse('origin-refused', `The request comes from a page of another origin (${fetchSite}).`);
  }
  if (origin === undefined) {
    return rule.isRequired ? refuse('origin-refused', 'The request does not say from which page it comes.') : accept(true);
  }
  if (rule.origins.has(origin) && origin.slice(origin.indexOf('://') + 3).toLowerCase() === host?.toLowerCase())
    return accept(true);
  return refuse('origin-refused', `The request comes from a page of ${origin}.`);
}

/** The name without its port, lower case; an IPv6 address keeps its brackets. */
export function hostNameOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/.exec(host)?.[1]?.toLowerCase();
}
