import type { Health } from '#base/health.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

/** What `homeport status` says of the server, for who may see its hubs. */
export function healthRoutes(health: Pick<Health, 'report'>): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/health',
      permission: 'hub-devices.read',
      summary: 'Whether all is well, and if not, why and what mends it',
      handle: async () => ({ json: await health.report() }),
    }),
  ];
}
