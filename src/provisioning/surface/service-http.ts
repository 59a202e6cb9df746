import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { auditCalls } from '#storage/audit-calls.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { describeCaller } from '#trust/describe-caller.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import { isApiVersion } from '#wire/azure/api-version.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { buildHttpHandler, type HttpRequest } from '#wire/http/fastify.ts';
import type { ProvisioningRight } from '../instances/service-policies.ts';
import type { CheckService, ProvisioningServiceCaller } from '../instances/service-sign-in.ts';
import type { RateLimits } from '../registration/rate-limits.ts';
import { enrollmentRoutes } from './enrollment-routes.ts';
import { groupRoutes } from './group-routes.ts';
import { registrationRoutes } from './registration-routes.ts';
import { renderServiceProblem } from './service-errors.ts';
import type { ServiceRooms } from './service-rooms.ts';
import type { ServiceRoute } from './service-route.ts';

export type ServiceHttpOptions = {
  readonly platform: Platform;
  readonly rooms: ServiceRooms;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly audit?: Pick<AuditLog, 'record'> | undefined;
  readonly rates: RateLimits;
  readonly checkService: CheckService;
};

export function provisioningServiceRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  return [...enrollmentRoutes(platform, rooms), ...groupRoutes(platform, rooms), ...registrationRoutes(rooms)];
}

/** The first one that clients were made for (1). */
const firstVersion = '2017-08-31';

/** The REST that back ends use: enrollments, groups and registrations (dps-service-protocol.md). */
export async function buildServiceHttp(options: ServiceHttpOptions): Promise<HttpSurface> {
  const { platform, rooms, rates } = options;
  const handle = await buildHttpHandler<ProvisioningServiceCaller, ProvisioningRight>(platform, {
    name: 'provisioning-service',
    routes: provisioningServiceRoutes(platform, rooms),
    headers: ({ trackingId }) => ({ 'x-ms-request-id': trackingId }),
    async authenticate(request, permission) {
      const service = authorize(options, request, permission);
      rates.countOperation();
      const query = request.url.split('?', 2)[1];
      if (!isApiVersion(new URLSearchParams(query).get('api-version'), firstVersion)) {
        throw new Problem('argument-invalid', `api-version must be a date from ${firstVersion} on.`);
      }
      return service;
    },
    ...(options.audit && { onChange: auditCalls(options.audit, 'provisioning', ({ caller }) => describeCaller(caller)) }),
    renderProblem: (problem, { trackingId }) => renderServiceProblem(problem, trackingId, platform.clock.now()),
  });
  return (request, response) => {
    request.url = normalizeUrl(request.url ?? '/');
    handle(request, response);
  };
}

/** Throws Problem `unauthorized` for a token that is no good, `forbidden` for a policy that may not do this. */
function authorize(
  { checkService, refusals }: ServiceHttpOptions,
  request: HttpRequest,
  permission: ProvisioningRight | 'none',
): ProvisioningServiceCaller {
  const { authorization } = request.headers;
  const keep = (refusal: Refusal) =>
    refusals.record({
      service: 'provisioning',
      subject: parseSasToken(authorization ?? '')?.keyName ?? 'service',
      peer: request.remoteAddress,
      ...refusal,
    });
  const verdict = checkService(authorization, decodedPath(request.url));
  if (!verdict.accepted) {
    keep(verdict.refusal);
    throw new Problem('unauthorized', 'The shared access signature was refused.');
  }
  const service = verdict.value;
  if (permission === 'none' || service.rights.has(permission)) return service;
  const detail = `The access policy ${service.policyName} does not grant ${permission}.`;
  keep(refuse('policy-right-missing', detail, { trace: verdict.trace }).refusal);
  throw new Problem('forbidden', detail);
}

/** Ids are decoded segment by segment, and may hold `%2F`; only a path that is one encoded segment was encoded as a whole (2). */
export function normalizeUrl(url: string): string {
  const [path = '', query] = url.split(/(?=\?)/, 2);
  if (!/^\/[^/]*%2f[^/]*\/?$/i.test(path)) return url;
  try {
    return decodeURIComponent(path) + (query ?? '');
  } catch {
    return url;
  }
}

function decodedPath(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
