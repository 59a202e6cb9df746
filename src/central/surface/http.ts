import type { Platform } from '#base/platform.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { auditCalls } from '#storage/audit-calls.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import { describeCaller } from '#trust/describe-caller.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import { buildAccessRoutes } from './access-routes.ts';
import { type AuthenticateOptions, buildAuthenticate } from './authenticate.ts';
import { buildCertificateRoutes } from './certificate-routes.ts';
import { buildCommandRoutes } from './command-routes.ts';
import { buildConsumerGroupRoutes } from './consumer-group-routes.ts';
import { buildDataRoutes } from './data-routes.ts';
import { buildDeviceMessageRoutes } from './device-message-routes.ts';
import { buildDeviceRoutes } from './device-routes.ts';
import { buildEnrollmentGroupRoutes } from './enrollment-group-routes.ts';
import { renderProblem } from './errors.ts';
import { buildEventRoutes } from './event-routes.ts';
import { buildHubCertificateRoutes } from './hub-certificate-routes.ts';
import { buildHubDeviceRoutes } from './hub-device-routes.ts';
import { buildHubMessageRoutes } from './hub-message-routes.ts';
import { buildHubOverviewRoutes } from './hub-overview-routes.ts';
import { buildHubPolicyRoutes } from './hub-policy-routes.ts';
import { buildHubRestRoutes } from './hub-rest-routes.ts';
import { buildHubRoutes } from './hub-routes.ts';
import { buildOwnerRoutes } from './owner-routes.ts';
import { buildPropertyRoutes } from './property-routes.ts';
import { buildRevocationListRoutes } from './revocation-list-routes.ts';
import { type CentralCaller, type CentralRoute, framed } from './route.ts';
import { buildSessionRoutes } from './session-routes.ts';
import { buildTemplateRoutes } from './template-routes.ts';
import { buildUiDeviceRoutes } from './ui-device-routes.ts';
import { buildUiGroupRoutes } from './ui-group-routes.ts';
import { buildUiRefusalRoutes } from './ui-refusal-routes.ts';
import { buildUiRehearsalRoutes } from './ui-rehearsal-routes.ts';

/** Every room that some route asks. */
export type CentralRooms = Parameters<typeof buildAccessRoutes>[0] &
  Parameters<typeof buildCertificateRoutes>[0] &
  Parameters<typeof buildCommandRoutes>[0] &
  Parameters<typeof buildDataRoutes>[0] &
  Parameters<typeof buildDeviceRoutes>[0] &
  Parameters<typeof buildEnrollmentGroupRoutes>[0] &
  Parameters<typeof buildEventRoutes>[1] &
  Parameters<typeof buildHubCertificateRoutes>[0] &
  Parameters<typeof buildHubDeviceRoutes>[0] &
  Parameters<typeof buildHubMessageRoutes>[1] &
  Parameters<typeof buildHubOverviewRoutes>[1] &
  Parameters<typeof buildHubRestRoutes>[0] &
  Parameters<typeof buildHubRoutes>[0] &
  Parameters<typeof buildOwnerRoutes>[0] &
  Parameters<typeof buildPropertyRoutes>[0] &
  Parameters<typeof buildRevocationListRoutes>[0] &
  Parameters<typeof buildSessionRoutes>[0] &
  Parameters<typeof buildTemplateRoutes>[0] &
  Parameters<typeof buildUiDeviceRoutes>[0] &
  Parameters<typeof buildUiGroupRoutes>[0] &
  Parameters<typeof buildUiRefusalRoutes>[0] &
  Parameters<typeof buildUiRehearsalRoutes>[0];

/** All of Central's routes, as data. */
export function buildCentralRoutes(platform: Platform, rooms: CentralRooms): CentralRoute[] {
  return [
    ...buildSessionRoutes(rooms),
    ...buildDeviceRoutes(rooms),
    ...buildPropertyRoutes(rooms),
    ...buildCommandRoutes(rooms),
    ...buildDataRoutes(rooms),
    ...buildEnrollmentGroupRoutes(rooms),
    ...buildCertificateRoutes(rooms),
    ...buildHubCertificateRoutes(rooms),
    ...buildRevocationListRoutes(rooms),
    ...buildHubRoutes(rooms),
    ...buildHubOverviewRoutes(platform.clock, rooms),
    ...buildHubPolicyRoutes(rooms),
    ...buildConsumerGroupRoutes(rooms),
    ...buildHubRestRoutes(rooms),
    ...buildOwnerRoutes(rooms),
    ...buildHubDeviceRoutes(rooms),
    ...buildDeviceMessageRoutes(rooms),
    ...buildHubMessageRoutes(platform, rooms),
    ...buildTemplateRoutes(rooms),
    ...buildAccessRoutes(rooms),
    ...buildUiDeviceRoutes(rooms),
    ...buildUiGroupRoutes(rooms),
    ...buildUiRefusalRoutes(rooms),
    ...buildUiRehearsalRoutes(rooms),
    ...buildEventRoutes(platform, rooms),
  ].map(framed);
}

/** Nobody is signed in where a session begins: the link is what lets them in. */
function authorOf({ caller, params: { hub } }: { caller: CentralCaller; params: Readonly<Record<string, string>> }) {
  return { hub, ...(caller ? describeCaller(caller) : { actor: 'whoever has the link', credential: 'sign-in link' }) };
}

/** `/api/…` and `/api/ui/…` as a request handler. */
export function buildCentralHttp(
  platform: Platform,
  options: {
    routes: readonly CentralRoute[];
    authenticate: AuthenticateOptions;
    audit?: Pick<AuditLog, 'record'> | undefined;
  },
): Promise<HttpSurface> {
  return buildHttpHandler(platform, {
    name: 'central',
    routes: options.routes,
    authenticate: buildAuthenticate(options.authenticate),
    ...(options.audit && { onChange: auditCalls(options.audit, 'central', authorOf) }),
    renderProblem: (problem, request) => renderProblem(platform.clock, problem, request),
    // Answers are about the moment and for one caller; and a JSON text is never a page.
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  });
}
