import { z } from 'zod';
import { Problem } from '#base/problem.ts';
import type { Permission } from '#trust/permissions.ts';
import { parseRequest } from '#wire/http/parse-request.ts';
import { type PortalHub, type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type ServiceRoute = PortalHub['serviceRoutes'][number];

/**
 * What of the hub's own REST the pages use, in its own shapes, and what a person needs for it. What is not in this
 * table is not served here. Modules and new keys come with keys, and whoever reads a key can be the device.
 */
const offered: readonly (readonly [method: ServiceRoute['method'], path: string, permission: Permission])[] = [
  ['POST', '/devices/query', 'hub-devices.read'],
  ['POST', '/devices/keys/regenerate', 'hub-devices.write'],
  ['GET', '/devices/:deviceId/modules', 'hub-devices.write'],
  ['GET', '/twins/:deviceId', 'hub-devices.read'],
  ['PATCH', '/twins/:deviceId', 'hub-devices.write'],
  ['PUT', '/twins/:deviceId', 'hub-devices.write'],
  ['POST', '/twins/:deviceId/methods', 'hub-devices.write'],
  ['GET', '/jobs/v2/query', 'hub-devices.read'],
  ['PUT', '/jobs/v2/:jobId', 'hub-devices.write'],
  ['POST', '/jobs/v2/:jobId/cancel', 'hub-devices.write'],
  ['GET', '/configurations', 'hub-devices.read'],
  ['POST', '/configurations/testQueries', 'hub-devices.read'],
  ['PUT', '/configurations/:configurationId', 'hub-devices.write'],
  ['DELETE', '/configurations/:configurationId', 'hub-devices.write'],
];

/** The hub's routes name it in their queries; here there is one version. */
const apiVersion = '2021-04-12';
const anyQuery = z.record(z.string(), z.string());

/** `/api/ui/hubs/{hub}/rest/…`: the hub's own REST for who is signed in, with Central's permissions in place of an access policy. */
export function buildHubRestRoutes({ hubs }: { hubs: Pick<PortalHubs, 'find'> }): CentralRoute[] {
  return offered.map(([method, path, permission]) =>
    centralRoute({
      method,
      path: `/api/ui/hubs/:hub/rest${path}`,
      permission,
      readsOnly: permission === 'hub-devices.read',
      summary: `The hub’s own ${method} ${path}.`,
      query: anyQuery,
      handle({ caller, params, query, bytes, ...request }) {
        const route = requireHub(hubs, params.hub).serviceRoutes.find((each) => each.method === method && each.path === path);
        if (!route) throw new Problem('internal', `The hub has no ${method} ${path}.`);
        return route.handle({
          ...request,
          bytes,
          params,
          caller: { by: requireUser(caller), deviceId: params.deviceId ?? '' },
          ...parseRequest(route, { query: { ...query, 'api-version': apiVersion }, bytes }),
        });
      },
    }),
  );
}
