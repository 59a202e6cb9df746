import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { hubMessagesQuerySchema } from '../contract/ui-hub-messages.ts';
import { messageStreamLimits } from './limits.ts';
import type { LiveMessages } from './live-messages.ts';
import { type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';
import { openWatched, type StreamAccess, streamCredentialOf } from './stream-credential.ts';

type Rooms = StreamAccess & { hubs: Pick<PortalHubs, 'find'>; liveMessages: LiveMessages };

/** `/api/ui/hubs/{hub}/messages`: what devices send, as it comes. */
export function buildHubMessageRoutes(platform: Platform, rooms: Rooms): CentralRoute[] {
  const { hubs, liveMessages } = rooms;
  const { streamsMax } = messageStreamLimits;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/messages',
      permission: 'hub-devices.read',
      summary: 'Messages of devices from now on, as events: message, skipped. With device=ID, of that device.',
      query: hubMessagesQuerySchema,
      async handle({ caller, params, query, headers }) {
        requireUser(caller);
        const { events } = requireHub(hubs, params.hub);
        const credential = streamCredentialOf(rooms, headers);
        if (liveMessages.subscriberCount >= streamsMax) {
          throw new Problem('throttled', `${streamsMax} message streams are open already.`, { retryAfterSeconds: 10 });
        }
        return {
          events: (send, close) =>
            openWatched(platform, credential, {
              subscribe: () => liveMessages.subscribe(events, query.device, { send, close }),
              close,
            }),
        };
      },
    }),
  ];
}
