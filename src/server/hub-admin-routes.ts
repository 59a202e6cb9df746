import type { Hub, HubDirectory } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

/** Hubs themselves; what is in one is asked for with its name as `hub` in the query. */
export function hubAdminRoutes(hubs: HubDirectory): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/hubs',
      permission: 'devices.read',
      summary: 'The hubs, with their host names and how many devices they have',
      handle: async () => ({ json: { value: await Promise.all(hubs.list().map(describe)) } }),
    }),
    route({
      method: 'PUT',
      path: '/hubs/:hub',
      permission: 'hubs.write',
      summary: 'Adds a hub, which takes devices at once',
      handle: async ({ params }) => ({ status: 201, json: await describe(await hubs.create(params.hub ?? '')) }),
    }),
    route({
      method: 'DELETE',
      path: '/hubs/:hub',
      permission: 'hubs.write',
      summary: 'Deletes a hub with its devices, keys, certificates and messages',
      async handle({ params }) {
        await hubs.delete(params.hub ?? '');
        return { status: 204 };
      },
    }),
  ];
}

async function describe({ name, hostName, registry }: Hub) {
  return { name, hostName, deviceCount: (await registry.count()).total };
}
