import { z } from 'zod';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

/** The shared access policies of a hub, which back ends sign in with. */
export function policyAdminRoutes(hubOf: (query: { hub?: string | undefined }) => Hub): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/hub/policies',
      permission: 'hubs.write',
      summary: 'The hub’s shared access policies and, when asked for, their keys',
      query: z.strictObject({ hub: z.string().max(64).optional(), secrets: z.enum(['true', 'false']).optional() }),
      async handle({ query }) {
        const { hostName, eventsEndpoint, policies } = hubOf(query);
        const value = policies.list().map(({ name, rights, primaryKey, secondaryKey }) => ({
          name,
          rights: [...rights],
          ...(query.secrets === 'true' && { primaryKey, secondaryKey }),
        }));
        const { hostName: eventsHostName, entity } = eventsEndpoint;
        return { json: { hostName, events: { hostName: eventsHostName, entity }, value } };
      },
    }),
  ];
}
