import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { eventsQuerySchema } from '../contract/ui-events.ts';
import { eventStreamsMax } from './limits.ts';
import type { LiveEvents } from './live-events.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';
import { openWatched, type StreamAccess, streamCredentialOf } from './stream-credential.ts';

/** `/api/ui/events`: server-sent events for open pages. */
export function buildEventRoutes(platform: Platform, rooms: StreamAccess & { live: LiveEvents }): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/events',
      permission: 'devices.read',
      summary: 'Events as they happen: device, device-removed, group, values, changed. With device=ID, of that device.',
      query: eventsQuerySchema,
      async handle({ caller, query, headers }) {
        requireUser(caller);
        const credential = streamCredentialOf(rooms, headers);
        if (rooms.live.subscriberCount >= eventStreamsMax) {
          throw new Problem('throttled', `${eventStreamsMax} event streams are open already.`, { retryAfterSeconds: 10 });
        }
        return {
          events: (send, close) =>
            openWatched(platform, credential, { subscribe: () => rooms.live.subscribe(query.device, send), close }),
        };
      },
    }),
  ];
}
