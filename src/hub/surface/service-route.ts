import type { ServiceRight } from '#trust/access-policy.ts';
import type { DeviceCaller, ServiceCaller, UserCaller } from '#trust/caller.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

/** Somebody who may do what the route asks for: a back end, a device with its own modules, or a person at the pages. */
export type ServiceCall = {
  readonly by: ServiceCaller | DeviceCaller | UserCaller;
  /** The device that the path names, decoded as often as it takes to find it; empty for a path that names none. */
  readonly deviceId: string;
};

/** What a route asks of an access policy: a right, or one of two where the service's own choice is not known (2.4). */
export type ServicePermission = ServiceRight | 'RegistryRead or ServiceConnect' | 'RegistryWrite or ServiceConnect';

export type ServiceRoute = Route<ServiceCall, ServicePermission>;

export const serviceRoute = defineRoute<ServiceCall, ServicePermission>();

export function isPermitted(permission: ServicePermission, rights: ReadonlySet<ServiceRight>): boolean {
  switch (permission) {
    case 'RegistryRead or ServiceConnect':
      return rights.has('RegistryRead') || rights.has('ServiceConnect');
    case 'RegistryWrite or ServiceConnect':
      return rights.has('RegistryWrite') || rights.has('ServiceConnect');
    default:
      return rights.has(permission);
  }
}
