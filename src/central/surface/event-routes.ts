import { sha256Hex } from '#base/bytes.ts';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';
import { eventsQuerySchema } from '../contract/ui-events.ts';
import type { LiveEvents } from './live-events.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** How often an open stream asks whether its session still counts. */
const recheckMs = minuteMs;

type Rooms = { live: LiveEvents; sessions: Sessions };

/** `/api/ui/events`: server-sent events for open pages. */
export function buildEventRoutes(platform: Platform, rooms: Rooms): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/events',
      permission: 'devices.read',
      summary: 'Events as they happen: device, device-removed, group, values, changed. With device=ID, of that device.',
      query: eventsQuerySchema,
      async handle({ query, headers }) {
        const secret = headers.authorization === undefined ? parseSessionCookie(headers.cookie) : undefined;
        return {
          events: (send) => {
            const cancel = rooms.live.subscribe(query.device, send);
            const unwatch = secret === undefined ? () => {} : watchSession(platform, rooms.sessions, secret, end);
            function end(): void {
              unwatch();
              cancel();
            }
            return end;
          },
        };
      },
    }),
  ];
}

/** Calls `end` once the session is signed out or has run out: an open stream outlives no session. */
function watchSession(platform: Platform, sessions: Sessions, secret: string, end: () => void): () => void {
  const sessionHash = sha256Hex(secret);
  const cancelEnd = sessions.onEnd((ended) => {
    if (ended === sessionHash) end();
  });
  let isWatching = true;
  let cancelCheck = platform.clock.after(recheckMs, check);
  function check(): void {
    void sessions.isAlive(secret).then((isAlive) => {
      if (!isWatching) return;
      if (!isAlive) end();
      else cancelCheck = platform.clock.after(recheckMs, check);
    });
  }
  return () => {
    isWatching = false;
    cancelEnd();
    cancelCheck();
  };
}
