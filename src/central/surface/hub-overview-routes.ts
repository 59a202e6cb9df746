import type { Clock } from '#base/clock.ts';
import { formatInstant } from '#base/instant.ts';
import type { HubCounters, HubOverview } from '../contract/ui-hub-overview.ts';
import { type HubAddresses, hubBodyOf } from './hub-routes.ts';
import { type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

type Rooms = HubAddresses & { readonly hubs: Pick<PortalHubs, 'find'> };

/** `/api/ui/hubs/{hub}`: a hub at a glance. */
export function buildHubOverviewRoutes(clock: Pick<Clock, 'now'>, rooms: Rooms): CentralRoute[] {
  const { hubs } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub',
      permission: 'hub-devices.read',
      summary: 'A hub: its devices, and the endpoint where its events are read.',
      async handle({ params }) {
        const hub = requireHub(hubs, params.hub);
        const { total, enabled } = await hub.registry.count();
        const { hostName, entity, groups } = hub.eventsEndpoint;
        const { partitions, state } = hub.events;
        const json: HubOverview = {
          ...(await hubBodyOf(rooms, hub)),
          disabledCount: total - enabled,
          connectedCount: hub.presence.connectedCount,
          events: { hostName, entity, partitions, state, consumerGroups: groups.list().length },
        };
        return { json };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/counters',
      permission: 'hub-devices.read',
      summary: 'How many events a hub has taken for its readers, and who is connected: cheap enough to ask every second.',
      async handle({ params }) {
        const { events, presence } = requireHub(hubs, params.hub);
        let count = 0;
        for (let partition = 0; partition < events.partitions; partition++) count += events.lastSequence(partition);
        const json: HubCounters = { at: formatInstant(clock.now()), events: count, connectedCount: presence.connectedCount };
        return { json };
      },
    }),
  ];
}
