import { Problem } from '#base/problem.ts';
import type { ServiceRight } from '#trust/access-policy.ts';
import type { DeviceCaller, ServiceCaller } from '#trust/caller.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

/** Somebody who may do what the route asks for: a back end, or a device with its own modules. */
export type ServiceCall = {
  readonly by: ServiceCaller | DeviceCaller;
  /** The device that the path names, decoded as often as it takes to find it; empty for a path that names none. */
  readonly deviceId: string;
};

export type ServiceRoute = Route<ServiceCall, ServiceRight>;

export const serviceRoute = defineRoute<ServiceCall, ServiceRight>();

/** What the service has and this build does not: authenticated like everything else, and then refused in its words. */
export function unsupportedRoute(
  method: ServiceRoute['method'],
  path: string,
  permission: ServiceRight,
  what: string,
): ServiceRoute {
  return serviceRoute({
    method,
    path,
    permission,
    summary: `${what}: not supported`,
    async handle() {
      throw new Problem('not-supported', `${what} are not supported.`);
    },
  });
}
