import { Problem } from '#base/problem.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import { echoedRequestId } from './request-id.ts';

/** Nobody, on the one route that opens a session. */
export type CentralCaller = UserCaller | undefined;
export type CentralRoute = Route<CentralCaller, Permission>;

/** A route of Central: its schemas give its handler the types. */
export const centralRoute = defineRoute<CentralCaller, Permission>();

/** The caller of a route that has a permission. */
export function requireUser(caller: CentralCaller): UserCaller {
  if (caller) return caller;
  throw new Problem('unauthorized', 'Sign in first.');
}

/** Scripts still name older versions; what they ask for has the same shapes (central.md 4.1). */
const apiVersions: ReadonlySet<string> = new Set([
  '2022-07-31',
  '2022-10-31-preview',
  '2022-06-30-preview',
  '2022-05-31',
  '1.2-preview',
  '1.1-preview',
  '1.0',
]);

export const uiPrefix = '/api/ui/';

/** What every route of the API does around its own work: the version is checked, the client's request id goes back. */
export function framed(route: CentralRoute): CentralRoute {
  const isPublic = !route.path.startsWith(uiPrefix);
  return {
    ...route,
    async handle(context) {
      if (isPublic) checkApiVersion(context.query);
      const reply = await route.handle(context);
      return { ...reply, headers: { ...reply.headers, ...echoedRequestId(context.headers) } };
    },
  };
}

function checkApiVersion(query: { 'api-version'?: string } | undefined): void {
  const version = query?.['api-version'];
  if (version === undefined) {
    throw new Problem('argument-invalid', 'Every call names its version, for instance api-version=2022-07-31.', {
      reason: 'MissingApiVersion',
    });
  }
  if (!apiVersions.has(version)) {
    throw new Problem('argument-invalid', `There is no version ${version.slice(0, 40)} of this API.`, {
      reason: 'UnsupportedApiVersion',
    });
  }
}
