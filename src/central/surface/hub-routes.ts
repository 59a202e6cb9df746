import type { HubBody } from '../contract/ui-hubs.ts';
import type { PortalHub, PortalHubs } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** `/api/ui/hubs`: the hubs of this installation. */
export function buildHubRoutes({ hubs }: { hubs: Pick<PortalHubs, 'list'> }): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs',
      permission: 'hub-devices.read',
      summary: 'The hubs, with what devices dial.',
      handle: async () => ({ json: { value: hubs.list().map(formatHub) } }),
    }),
  ];
}

function formatHub({ name, hostName }: PortalHub): HubBody {
  return { name, hostName };
}
