import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import type { Route } from '#wire/http/route.ts';
import { type CentralRoute, requireUser } from './route.ts';

/** Routes that ask Central's permissions already, because the administration socket serves them to the same people. */
export type OwnerRoutes = readonly Route<UserCaller, Permission>[];

/** The same below `/api/ui`, for who is signed in: pages and commands then cannot differ. */
export function buildOwnerRoutes({ ownerRoutes }: { ownerRoutes: OwnerRoutes }): CentralRoute[] {
  return ownerRoutes.map(({ handle, ...route }) => ({
    ...route,
    path: `/api/ui${route.path}`,
    handle: (context) => handle({ ...context, caller: requireUser(context.caller) }),
  }));
}
