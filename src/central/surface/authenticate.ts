import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { type AllowedSources, checkApiToken, checkSession, checkSource, type RequestSource } from '#trust/authenticate-user.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import type { Verdict } from '#trust/verdict.ts';
import type { HttpRequest } from '#wire/http/fastify.ts';
import { parseApiToken } from '../access/api-token-text.ts';
import type { ApiTokens } from '../access/api-tokens.ts';
import { parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';

export type AuthenticateOptions = {
  platform: Platform;
  appId: string;
  sessions: Sessions;
  apiTokens: ApiTokens;
  refusals: Pick<RefusalLog, 'record'>;
  /** Under which names people reach us. */
  allowed: AllowedSources;
};

type Authenticate = (request: HttpRequest, permission: Permission | 'none') => Promise<UserCaller | undefined>;

/** What a signed-out browser meets all day is not worth keeping. */
const unremarkable: ReadonlySet<string> = new Set(['token-missing', 'session-expired']);
/** Reasons that lie in the request and not in its credentials. */
const isForbidden: ReadonlySet<string> = new Set(['host-refused', 'origin-refused', 'permission-missing']);

/**
 * Who is asking, before anything of the request but its head was read.
 *
 * A cookie comes along with whatever a browser sends, so a request with one must also come from a
 * page of ours. An API token is put there on purpose by a program, and needs no such check; the Host
 * must be ours in any case.
 */
export function buildAuthenticate(options: AuthenticateOptions): Authenticate {
  const { platform, allowed } = options;

  return async function authenticate(request, permission) {
    const source = sourceOf(request);
    if (permission === 'none') {
      // A page of another site must not sign a browser in behind its owner's back. Programs send no Origin.
      const method = source.origin === undefined ? 'GET' : source.method;
      settle(checkSource({ ...source, method }, allowed), request, source.origin ?? source.host);
      return undefined;
    }
    const { authorization } = request.headers;
    const caller = authorization === undefined ? await bySession(request, source) : await byToken(request, source, authorization);
    if (!caller.permissions.has(permission)) throw new Problem('forbidden', `Your role lacks the permission ${permission}.`);
    return caller;
  };

  async function bySession(request: HttpRequest, source: RequestSource): Promise<UserCaller> {
    const secret = parseSessionCookie(request.headers.cookie);
    const session = secret === undefined ? undefined : await options.sessions.load(secret);
    const verdict = checkSession({ secret, session, request: source, allowed, at: platform.clock.now() });
    const caller = settle(verdict, request, source.origin ?? source.host);
    if (session) await options.sessions.touch(session);
    return caller;
  }

  async function byToken(request: HttpRequest, source: RequestSource, authorization: string): Promise<UserCaller> {
    settle(checkSource({ method: 'GET', host: source.host, origin: undefined }, allowed), request, source.host);
    const presented = parseApiToken(authorization);
    const stored = presented && (await options.apiTokens.load(presented.tokenId));
    const verdict = checkApiToken({ presented, stored, appId: options.appId, at: platform.clock.now() });
    return settle(verdict, request, presented?.tokenId);
  }

  /** Somebody who is not let in learns only that; the reason is kept for the operator. */
  function settle<T>(verdict: Verdict<T>, request: HttpRequest, subject: string | undefined): T {
    if (verdict.accepted) return verdict.value;
    const { refusal } = verdict;
    if (!unremarkable.has(refusal.reason)) {
      options.refusals.record({ service: 'central', subject: subject ?? '', peer: request.remoteAddress, ...refusal });
    }
    if (isForbidden.has(refusal.reason)) throw new Problem('forbidden', 'The request was refused.');
    throw new Problem('unauthorized', 'Sign in, or use a valid API token.');
  }
}

function sourceOf(request: HttpRequest): RequestSource {
  return {
    method: request.method,
    host: request.headers.host,
    origin: request.headers.origin,
    fetchSite: request.headers['sec-fetch-site'],
  };
}
