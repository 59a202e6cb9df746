import { type HubBody, hubPostSchema } from '../contract/ui-hubs.ts';
import type { PortalHub, PortalHubs } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

export type HubAddresses = {
  /** Of the application's hub. */
  readonly hubHostName: string;
  hubUrl(hostName: string): string;
};

type Rooms = HubAddresses & { readonly hubs: Pick<PortalHubs, 'list' | 'create' | 'delete'> };

/** `/api/ui/hubs`: the hubs of this installation. */
export function buildHubRoutes(rooms: Rooms): CentralRoute[] {
  const { hubs } = rooms;
  const format = (hub: PortalHub) => hubBodyOf(rooms, hub);
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs',
      permission: 'hub-devices.read',
      summary: 'The hubs, with what devices dial and how many there are.',
      handle: async () => ({ json: { value: await Promise.all(hubs.list().map(format)) } }),
    }),
    centralRoute({
      method: 'POST',
      path: '/api/ui/hubs',
      permission: 'hubs.write',
      summary: 'Add a hub; it takes devices at once.',
      body: hubPostSchema,
      handle: async ({ body }) => ({ status: 201, json: await format(await hubs.create(body.name)) }),
    }),
    centralRoute({
      method: 'DELETE',
      path: '/api/ui/hubs/:hub',
      permission: 'hubs.write',
      summary: 'Delete a hub with its devices, keys, certificates and messages.',
      async handle({ params }) {
        await hubs.delete(params.hub ?? '');
        return { status: 204 };
      },
    }),
  ];
}

export async function hubBodyOf(addresses: HubAddresses, { name, hostName, registry }: PortalHub): Promise<HubBody> {
  return {
    name,
    hostName,
    url: addresses.hubUrl(hostName),
    deviceCount: (await registry.count()).total,
    isApplications: hostName === addresses.hubHostName,
  };
}
