import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { parseApiToken } from '../access/api-token-text.ts';
import type { ApiTokens } from '../access/api-tokens.ts';
import { parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';
import { eventsQuerySchema } from '../contract/ui-events.ts';
import { eventStreamsMax } from './limits.ts';
import type { LiveEvents } from './live-events.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

/** How often an open stream asks whether its credential still counts. */
const recheckMs = minuteMs;

type Rooms = { live: LiveEvents; sessions: Sessions; apiTokens: ApiTokens };

/** What a stream was opened with. */
type Credential = { isAlive(): Promise<boolean>; onEnd(ended: () => void): Cancel };

/** `/api/ui/events`: server-sent events for open pages. */
export function buildEventRoutes(platform: Platform, rooms: Rooms): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/events',
      permission: 'devices.read',
      summary: 'Events as they happen: device, device-removed, group, values, changed. With device=ID, of that device.',
      query: eventsQuerySchema,
      async handle({ caller, query, headers }) {
        requireUser(caller);
        const credential = credentialOf(rooms, headers);
        if (rooms.live.subscriberCount >= eventStreamsMax) {
          throw new Problem('throttled', `${eventStreamsMax} event streams are open already.`, { retryAfterSeconds: 10 });
        }
        return {
          events: (send, close) => {
            const cancel = rooms.live.subscribe(query.device, send);
            const unwatch = watch(platform, credential, () => {
              cancel();
              close();
            });
            return () => {
              unwatch();
              cancel();
            };
          },
        };
      },
    }),
  ];
}

function credentialOf({ sessions, apiTokens }: Rooms, headers: Readonly<Record<string, string>>): Credential {
  const token = headers.authorization === undefined ? undefined : parseApiToken(headers.authorization);
  if (token) {
    return {
      isAlive: () => apiTokens.isAlive(token),
      onEnd: (ended) => apiTokens.onEnd((tokenId) => tokenId === token.tokenId && ended()),
    };
  }
  const secret = parseSessionCookie(headers.cookie) ?? '';
  const sessionHash = sha256Hex(secret);
  return {
    isAlive: () => sessions.isAlive(secret),
    onEnd: (ended) => sessions.onEnd((hash) => hash === sessionHash && ended()),
  };
}

/**
 * Calls `ended` once the credential is signed out, revoked or has run out: an open stream outlives none.
 * While nobody can tell (the database is away) it does not count; the page asks again by itself.
 */
function watch(platform: Platform, credential: Credential, ended: () => void): Cancel {
  let isWatching = true;
  const cancelEnd = credential.onEnd(end);
  let cancelCheck = platform.clock.after(recheckMs, check);
  function check(): void {
    credential
      .isAlive()
      .catch(() => false)
      .then((isAlive) => {
        if (!isAlive) end();
        else if (isWatching) cancelCheck = platform.clock.after(recheckMs, check);
      });
  }
  function end(): void {
    if (!isWatching) return;
    unwatch();
    ended();
  }
  function unwatch(): void {
    isWatching = false;
    cancelEnd();
    cancelCheck();
  }
  return unwatch;
}
