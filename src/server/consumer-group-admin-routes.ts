import { z } from 'zod';
import { formatInstant } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();
const hubQuery = z.strictObject({ hub: z.string().max(64).optional() });

type Group = ReturnType<Hub['eventsEndpoint']['groups']['list']>[number];

/** Who reads the events of a hub apart from others. */
export function consumerGroupAdminRoutes(hubOf: (query: { hub?: string | undefined }) => Hub): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/hub/consumer-groups',
      permission: 'hub-devices.read',
      summary: 'The consumer groups of the hub’s Event-Hubs-compatible endpoint',
      query: hubQuery,
      handle: async ({ query }) => ({ json: { value: hubOf(query).eventsEndpoint.groups.list().map(describe) } }),
    }),
    route({
      method: 'PUT',
      path: '/hub/consumer-groups/:group',
      permission: 'hubs.write',
      summary: 'Adds a consumer group, which can be read at once',
      query: hubQuery,
      handle: async ({ params: { group = '' }, query }) => ({
        status: 201,
        json: describe(await hubOf(query).eventsEndpoint.groups.create(group)),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/hub/consumer-groups/:group',
      permission: 'hubs.write',
      summary: 'Deletes a consumer group; its readers are sent away, and no event is lost to others',
      query: hubQuery,
      async handle({ params: { group = '' }, query }) {
        await hubOf(query).eventsEndpoint.groups.delete(group);
        return { status: 204 };
      },
    }),
  ];
}

function describe({ name, createdAt }: Group) {
  return { name, createdAt: formatInstant(createdAt) };
}
