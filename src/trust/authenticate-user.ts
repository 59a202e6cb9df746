import { constantTimeEqual, sha256Hex } from '#base/bytes.ts';
import { dayMs, hourMs, type Instant } from '#base/instant.ts';
import { mint, type UserCaller } from './caller.ts';
import { type Permission, permissions, roles } from './permissions.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** A session ends when nothing was asked of it for this long, and at this age in any case (architecture 18). */
export const sessionIdleMsMax = 8 * hourMs;
export const sessionAgeMsMax = 7 * dayMs;

/** A browser's session as it is stored: the cookie's secret is known to the browser alone. */
export type StoredSession = {
  readonly sessionHash: string;
  readonly userId: string;
  readonly displayName: string;
  readonly roleId: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
};

/** What a browser tells of where a request comes from. */
export type RequestSource = {
  readonly method: string;
  /** The Host header. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site, which browsers send and pages cannot forge. */
  readonly fetchSite?: string | undefined;
};

/** Under which names people reach us. `origins` are further ones in full, for instance of a proxy in front. */
export type AllowedSources = { readonly hosts: readonly string[]; readonly origins: readonly string[] };

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Decides whether a session cookie opens a request. A cookie is sent by the browser whoever caused
 * the request, so where it comes from is looked at first: the Host must be ours (a foreign name that
 * resolves to us is DNS rebinding), an Origin must be ours where one is sent and must be sent where
 * something is changed. Streams and WebSockets are GETs, and covered by the same rule.
 */
export function checkSession(attempt: {
  /** The cookie's value. */
  secret: string | undefined;
  /** The stored session of that secret's hash, if there is one. */
  session: StoredSession | undefined;
  request: RequestSource;
  allowed: AllowedSources;
  at: Instant;
}): Verdict<UserCaller> {
  const { secret, session, request, allowed, at } = attempt;
  if (secret === undefined) return refuse('token-missing', 'No session cookie was sent.', { fix: signInFix });
  const source = checkSource(request, allowed);
  if (!source.accepted) return source;
  if (!session || !constantTimeEqual(sha256Hex(secret), session.sessionHash)) {
    return refuse('token-unknown', 'There is no such session; it may have been signed out.', {
      trace: source.trace,
      fix: signInFix,
    });
  }
  if (at - session.createdAt >= sessionAgeMsMax)
    return refuse('session-expired', 'The session has reached seven days.', { trace: source.trace, fix: signInFix });
  if (at - session.lastUsedAt >= sessionIdleMsMax)
    return refuse('session-expired', 'The session was idle for eight hours.', { trace: source.trace, fix: signInFix });
  const trace = [...source.trace, { check: 'session', passed: true, detail: session.userId }];
  return acceptUser({ ...session, credential: 'session' }, trace);
}

const signInFix = '`homeport sign-in` prints a new link.';

/** Decides whether a request was sent to a name of ours and, where a browser tells, by a page of ours. */
export function checkSource({ method, host, origin, fetchSite }: RequestSource, allowed: AllowedSources): Verdict<undefined> {
  const name = hostName(host);
  if (name === undefined || !allowed.hosts.some((known) => known.toLowerCase() === name)) {
    return refuse('host-refused', `The request is for the host ${host ?? '(none)'}, which is not one of ours.`, {
      fix: 'Add the name with --host-name, or open Homeport under one it has.',
    });
  }
  const trace: TraceStep[] = [{ check: 'host', passed: true, detail: name }];
  const own = [`https://${host?.toLowerCase()}`, ...allowed.origins.map((known) => known.toLowerCase())].map(withoutDefaultPort);
  if (origin !== undefined && !own.includes(withoutDefaultPort(origin.toLowerCase()))) {
    return refuse('origin-refused', `The request was caused by a page of ${origin}.`, { trace });
  }
  if (origin === undefined && !safeMethods.has(method.toUpperCase())) {
    return refuse('origin-refused', 'A request that changes something needs an Origin header when it comes with a cookie.', {
      trace,
    });
  }
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') {
    return refuse('origin-refused', `The request was caused by another page (${fetchSite}).`, { trace });
  }
  return accept(undefined, [...trace, { check: 'origin', passed: true, detail: origin ?? 'none needed' }]);
}

/** The name in a Host header, lower case, without port and without the brackets of an IPv6 address. */
function hostName(host: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.\-_]+))(?::\d{1,5})?$/.exec(host ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function withoutDefaultPort(origin: string): string {
  return origin.startsWith('https://') ? origin.replace(/:443$/, '') : origin;
}

/** A token as it is stored: the hash of its secret part. */
export type StoredToken = {
  readonly tokenId: string;
  readonly signatureHash: string;
  readonly roleId: string;
  readonly expiresAt: Instant;
  readonly revokedAt?: Instant | undefined;
};

/** Decides whether an API token of Central's opens a request (central.md 4.1). The stored expiry counts, not the text's. */
export function checkApiToken(attempt: {
  presented: { readonly appId: string; readonly tokenId: string; readonly signature: string } | undefined;
  /** The stored token of that id, if there is one. */
  stored: StoredToken | undefined;
  appId: string;
  at: Instant;
}): Verdict<UserCaller> {
  const { presented, stored, appId, at } = attempt;
  if (!presented) return refuse('token-malformed', 'The Authorization header does not hold an API token.');
  if (presented.appId !== appId) return refuse('token-scope', 'The token is for another application.');
  if (!stored || stored.tokenId !== presented.tokenId)
    return refuse('token-unknown', 'There is no such token; it may have been revoked.');
  const trace = [{ check: 'token', passed: true, detail: stored.tokenId }];
  if (!constantTimeEqual(sha256Hex(presented.signature), stored.signatureHash))
    return refuse('token-signature', 'The signature of the token is wrong.', { trace });
  if (stored.revokedAt !== undefined) return refuse('token-unknown', 'The token was revoked.', { trace });
  if (at >= stored.expiresAt) return refuse('token-expired', 'The token has expired.', { trace });
  return acceptUser(
    { userId: stored.tokenId, displayName: stored.tokenId, roleId: stored.roleId, credential: 'api-token' },
    trace,
  );
}

/** A bearer token of the security service as it is stored. */
export type StoredSphereToken = {
  readonly tokenHash: string;
  readonly userId: string;
  readonly displayName: string;
  readonly expiresAt: Instant;
  readonly revokedAt?: Instant | undefined;
};

const spherePermissions: ReadonlySet<Permission> = new Set(['sphere.read', 'sphere.claim', 'sphere.administer', 'refusals.read']);

/** Decides whether a bearer token opens a request of the security service. It opens nothing of Central's. */
export function checkSphereToken(attempt: {
  token: string | undefined;
  stored: StoredSphereToken | undefined;
  at: Instant;
}): Verdict<UserCaller> {
  const { token, stored, at } = attempt;
  if (token === undefined || token === '') return refuse('token-missing', 'No bearer token was sent.', { fix: 'azsphere login' });
  if (!stored || !constantTimeEqual(sha256Hex(token), stored.tokenHash))
    return refuse('token-unknown', 'There is no such token.', { fix: 'azsphere login' });
  const trace = [{ check: 'token', passed: true, detail: stored.userId }];
  if (stored.revokedAt !== undefined) return refuse('token-unknown', 'The token was revoked.', { trace, fix: 'azsphere login' });
  if (at >= stored.expiresAt) return refuse('token-expired', 'The token has expired.', { trace, fix: 'azsphere login' });
  const { userId, displayName } = stored;
  return accept(
    mint<UserCaller>({ kind: 'user', userId, displayName, permissions: spherePermissions, credential: 'sphere-token' }),
    trace,
  );
}

/**
 * Whoever reaches the administration socket: it lies in a directory that only the owner of the data
 * can enter, and the kernel checked that. Nobody else may call this.
 */
export function administrationCaller(): UserCaller {
  return mint<UserCaller>({
    kind: 'user',
    userId: 'administrator',
    displayName: 'Local administrator',
    permissions: new Set(permissions),
    credential: 'administration-socket',
  });
}

function acceptUser(
  user: { userId: string; displayName: string; roleId: string; credential: 'session' | 'api-token' },
  trace: readonly TraceStep[],
): Verdict<UserCaller> {
  const role = Object.values(roles).find(({ id }) => id === user.roleId);
  if (!role) return refuse('permission-missing', 'The role of this account does not exist.', { trace });
  const { userId, displayName, credential } = user;
  return accept(mint<UserCaller>({ kind: 'user', userId, displayName, permissions: role.permissions, credential }), [
    ...trace,
    { check: 'role', passed: true, detail: role.displayName },
  ]);
}
