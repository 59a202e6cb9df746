import { isDeviceId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller, ServiceCaller } from '#trust/caller.ts';
import { type Refusal, refuse, type Verdict } from '#trust/verdict.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { buildHttpHandler, type HttpRequest } from '#wire/http/fastify.ts';
import { auditServiceCalls, type HubAudit } from './audit-calls.ts';
import { bulkRoutes } from './bulk-routes.ts';
import { configurationRoutes } from './configuration-routes.ts';
import { isDeviceCall } from './device-path.ts';
import { digitalTwinRoutes } from './digital-twin-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { messageRoutes } from './message-routes.ts';
import { methodRoutes } from './method-routes.ts';
import { moduleRoutes } from './module-routes.ts';
import { queryRoutes } from './query-routes.ts';
import { registryRoutes } from './registry-routes.ts';
import { routingRoutes } from './routing-routes.ts';
import { renderServiceProblem } from './service-errors.ts';
import { decode, normalizeServiceUrl, requireServiceVersion, servicePath } from './service-path.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { isPermitted, type ServiceCall, type ServicePermission, type ServiceRoute } from './service-route.ts';
import { statisticsRoutes } from './statistics-routes.ts';
import { transferRoutes } from './transfer-routes.ts';
import { twinRoutes } from './twin-routes.ts';

export type HubHttpOptions = {
  readonly platform: Platform;
  readonly rooms: ServiceRooms;
  readonly refusals: Pick<RefusalLog, 'record'>;
  /** Where changes are written down, and under which name of the hub. */
  readonly audit?: HubAudit | undefined;
  /** What is a device's own call goes there. */
  readonly devices: HttpSurface;
  authenticateService(authorization: string | undefined, path: string): Promise<Verdict<ServiceCaller>>;
  /** By a token of the device's own key. */
  authenticateDevice(deviceId: string, token: string): Promise<Verdict<DeviceCaller>>;
};

export function serviceRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  return [
    ...keyRoutes(platform, rooms),
    ...registryRoutes(rooms),
    ...moduleRoutes(rooms),
    ...bulkRoutes(platform, rooms),
    ...twinRoutes(rooms),
    ...queryRoutes(rooms),
    ...methodRoutes(rooms),
    ...digitalTwinRoutes(rooms),
    ...jobRoutes(rooms),
    ...configurationRoutes(rooms),
    ...transferRoutes(rooms),
    ...messageRoutes(rooms),
    ...statisticsRoutes(rooms),
    ...routingRoutes(rooms),
  ];
}

/** The REST that back ends use (hub-service-protocol.md 3 and 4), and beside it the devices' own. */
export async function buildHubHttp(options: HubHttpOptions): Promise<HttpSurface> {
  const { platform, rooms } = options;
  const handle = await buildHttpHandler<ServiceCall, ServicePermission>(platform, {
    name: 'hub',
    routes: serviceRoutes(platform, rooms),
    headers: ({ trackingId }) => ({ vary: 'Origin', 'x-ms-request-id': trackingId }),
    authenticate: (request, permission, params) => admit(options, request, permission, params.deviceId ?? ''),
    ...(options.audit && { onChange: auditServiceCalls(options.audit) }),
    renderProblem: (problem, { url, trackingId }) => renderServiceProblem(problem, url, trackingId, platform.clock.now()),
  });
  return (request, response) => {
    request.url = normalizeServiceUrl(request.url ?? '/');
    const isDevice = isDeviceCall(request.method ?? '', request.url);
    (isDevice ? options.devices : handle)(request, response);
  };
}

async function admit(
  options: HubHttpOptions,
  request: HttpRequest,
  permission: ServicePermission | 'none',
  deviceId: string,
): Promise<ServiceCall> {
  const path = servicePath(request.url);
  const token = parseSasToken(request.headers.authorization ?? '');
  const isOwnModules = token !== undefined && token.keyName === undefined && ownModulesPattern.test(path);
  const by = isOwnModules
    ? await authorizeDevice(options, request, deviceId)
    : await authorize(options, request, permission, path);
  requireServiceVersion(request.url);
  // Explorer encodes ids twice. What is unknown under the first reading is tried under the second, for which
  // the token must be good as well; but nobody's device is made, changed or deleted under a name not sent.
  const isTried = deviceId.includes('%') && !isWriting(permission) && !isOwnModules;
  const twiceDecoded = isTried ? decode(deviceId) : undefined;
  if (twiceDecoded === undefined || twiceDecoded === deviceId || !isDeviceId(twiceDecoded)) return { by, deviceId };
  if ((await options.rooms.registry.load(deviceId)) || !(await options.rooms.registry.load(twiceDecoded))) {
    return { by, deviceId };
  }
  const second = path.replace(`/${deviceId}`, () => `/${twiceDecoded}`);
  return { by: await authorize(options, request, permission, second), deviceId: twiceDecoded };
}

function isWriting(permission: ServicePermission | 'none'): boolean {
  return permission === 'RegistryWrite' || permission === 'RegistryWrite or ServiceConnect';
}

/** What a device may do itself, by its own key: look after its own modules (hub-device-protocol.md 6.5). */
const ownModulesPattern = /^\/devices\/[^/]+\/modules(?:\/|$)/i;

async function authorizeDevice(options: HubHttpOptions, request: HttpRequest, deviceId: string): Promise<DeviceCaller> {
  const verdict = await options.authenticateDevice(deviceId, request.headers.authorization ?? '');
  if (verdict.accepted) return verdict.value;
  options.refusals.record({ service: 'hub', subject: deviceId, peer: request.remoteAddress, ...verdict.refusal });
  throw new Problem('unauthorized', 'The shared access signature was refused.');
}

/** Throws Problem `unauthorized` for a token that is no good, `forbidden` for a policy that may not do this. */
async function authorize(
  options: HubHttpOptions,
  request: HttpRequest,
  permission: ServicePermission | 'none',
  path: string,
): Promise<ServiceCaller> {
  const { authorization } = request.headers;
  const keep = (refusal: Refusal) =>
    options.refusals.record({
      service: 'hub',
      subject: parseSasToken(authorization ?? '')?.keyName ?? 'service',
      peer: request.remoteAddress,
      ...refusal,
    });
  const verdict = await options.authenticateService(authorization, path);
  if (!verdict.accepted) {
    keep(verdict.refusal);
    throw new Problem('unauthorized', 'The shared access signature was refused.');
  }
  const service = verdict.value;
  if (permission === 'none' || isPermitted(permission, service.rights)) return service;
  const detail = `The access policy ${service.policyName} does not grant ${permission}.`;
  keep(refuse('policy-right-missing', detail, { trace: verdict.trace }).refusal);
  throw new Problem('forbidden', detail);
}
