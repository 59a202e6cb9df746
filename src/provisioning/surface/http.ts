import type { Platform } from '#base/platform.ts';
import { peerOf } from '#listeners/https-listener.ts';
import { listenerLimits } from '#listeners/limits.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import type { RegistrationEvidence } from '../registration/attest-registration.ts';
import type { DeviceCalls } from './device-calls.ts';
import { deviceRoutes, evidenceOf } from './device-routes.ts';
import { refusalOfProblem, renderDpsProblem } from './errors.ts';

/** Provisioning on HTTPS. The listener's certificates are the evidence; a header with a token makes it a token. */
export function buildProvisioningHttp(
  platform: Platform,
  calls: DeviceCalls,
  refusals: Pick<RefusalLog, 'record'>,
): Promise<HttpSurface> {
  return buildHttpHandler<RegistrationEvidence, never>(platform, {
    name: 'provisioning',
    routes: deviceRoutes(calls),
    async authenticate(request, _permission, params) {
      const { certificates, remoteAddress } = peerOf(request.raw, platform, listenerLimits);
      return evidenceOf(params, { certificates, remoteAddress, token: request.headers.authorization || undefined });
    },
    // Only what is wrong before a call is understood comes here; the calls answer for the rest themselves.
    renderProblem(problem, { trackingId, url, remoteAddress }) {
      const refusal = refusalOfProblem(problem);
      if (refusal) refusals.record({ service: 'provisioning', subject: namedIn(url), peer: remoteAddress, ...refusal });
      const { status, body, retryAfterSeconds } = renderDpsProblem(problem, trackingId, platform.clock.now());
      const wait: Record<string, string> = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { status, json: body, headers: { 'x-ms-error-code': String(body.errorCode), ...wait } };
    },
  });
}

/** The registration id as the URL spells it; it is not decoded, since it may be what is malformed. */
function namedIn(url: string): string {
  return /^\/[^/]+\/registrations\/([^/?]+)/.exec(url)?.[1] ?? url;
}
