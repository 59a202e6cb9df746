import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { authenticateApiToken, authenticateSession, checkPermission } from '#trust/authenticate-user.ts';
import type { UserCaller } from '#trust/caller.ts';
import { checkHost, checkOrigin, hostNameOf, type RequestOrigin } from '#trust/check-origin.ts';
import type { Permission } from '#trust/permissions.ts';
import type { Refusal, Verdict } from '#trust/verdict.ts';
import type { HttpRequest } from '#wire/http/fastify.ts';
import { parseApiToken } from '../access/api-token-text.ts';
import type { ApiTokens } from '../access/api-tokens.ts';
import { sessionAgeMsMax, sessionIdleMsMax } from '../access/limits.ts';
import { parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';

export type AuthenticateOptions = {
  platform: Platform;
  appId: string;
  sessions: Sessions;
  apiTokens: ApiTokens;
  refusals: Pick<RefusalLog, 'record'>;
  /** `https://localhost:8443`, … */
  origins: readonly string[];
  /** `localhost`, … */
  configuredHosts: readonly string[];
};

type Authenticate = (request: HttpRequest, permission: Permission | 'none') => Promise<UserCaller | undefined>;

/** Reasons that are worth keeping: what a signed-out browser meets all day is not among them. */
const unremarkable: ReadonlySet<string> = new Set(['token-missing', 'session-expired', 'permission-missing']);

/**
 * Who is asking, before anything of the request but its head was read.
 *
 * A cookie comes along with whatever a browser sends, so a request with one must also come from a
 * page of ours. An API token is put there on purpose by a program, and needs no such check.
 */
export function buildAuthenticate(options: AuthenticateOptions): Authenticate {
  const { clock } = options.platform;
  const hosts = new Set(options.configuredHosts.flatMap((host) => hostNameOf(host) ?? []));
  const origins = new Set(options.origins);

  return async function authenticate(request, permission) {
    const origin = originOf(request);
    settle(checkHost(origin, hosts), 'forbidden', { request, subject: origin.host ?? '' });
    const isUnsafe = request.method !== 'GET' && request.method !== 'HEAD';
    if (permission === 'none') {
      // A page of another site must not sign a browser in behind its owner's back; programs send no Origin.
      settle(checkOrigin(origin, { origins, isRequired: false }), 'forbidden', { request, subject: origin.origin ?? '' });
      return undefined;
    }
    const authorization = request.headers.authorization;
    const caller =
      authorization === undefined ? await bySession(request, origin, isUnsafe) : await byToken(request, authorization);
    return settle(checkPermission(caller, permission), 'forbidden', { request, subject: caller.displayName });
  };

  async function bySession(request: HttpRequest, origin: RequestOrigin, isUnsafe: boolean): Promise<UserCaller> {
    const secret = parseSessionCookie(request.headers.cookie);
    if (secret === undefined) throw new Problem('unauthorized', 'Sign in first.');
    settle(checkOrigin(origin, { origins, isRequired: isUnsafe }), 'forbidden', { request, subject: origin.origin ?? '' });
    const session = await options.sessions.load(secret);
    const verdict = authenticateSession(session, { idleMsMax: sessionIdleMsMax, ageMsMax: sessionAgeMsMax }, clock.now());
    const caller = settle(verdict, 'unauthorized', { request, subject: session?.userId ?? '' });
    if (session) await options.sessions.touch(session);
    return caller;
  }

  async function byToken(request: HttpRequest, authorization: string): Promise<UserCaller> {
    const presented = parseApiToken(authorization);
    if (!presented) throw new Problem('unauthorized', 'The Authorization header holds no SharedAccessSignature of this API.');
    const stored = await options.apiTokens.load(presented.tokenId);
    const verdict = authenticateApiToken({ appId: options.appId, presented, stored, at: clock.now() });
    return settle(verdict, 'unauthorized', { request, subject: presented.tokenId });
  }

  function settle<T>(
    verdict: Verdict<T>,
    code: 'unauthorized' | 'forbidden',
    about: { request: HttpRequest; subject: string },
  ): T {
    if (verdict.accepted) return verdict.value;
    keep(verdict.refusal, about);
    throw new Problem(code, publicDetail(verdict.refusal, code));
  }

  function keep(refusal: Refusal, about: { request: HttpRequest; subject: string }): void {
    if (unremarkable.has(refusal.reason)) return;
    options.refusals.record({ service: 'central', subject: about.subject, peer: about.request.remoteAddress, ...refusal });
  }
}

/** Somebody who is not let in learns only that; who is in learns what is missing. */
function publicDetail(refusal: Refusal, code: 'unauthorized' | 'forbidden'): string {
  if (code === 'unauthorized') return 'The credentials are not accepted. Sign in, or use a valid API token.';
  if (refusal.reason === 'permission-missing') return 'Your role does not allow this.';
  return 'The request was refused.';
}

function originOf(request: HttpRequest): RequestOrigin {
  return { host: request.headers.host, origin: request.headers.origin, fetchSite: request.headers['sec-fetch-site'] };
}
