import type { Platform } from '#base/platform.ts';
import { peerOf } from '#listeners/https-listener.ts';
import { listenerLimits } from '#listeners/limits.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import type { RegistrationEvidence } from '../registration/attest-registration.ts';
import type { DeviceCalls } from './device-calls.ts';
import { deviceRoutes, evidenceOf } from './device-routes.ts';
import { renderDpsProblem } from './errors.ts';

/** Provisioning on HTTPS. The listener's certificates are the evidence; a header with a token makes it a token. */
export function buildProvisioningHttp(platform: Platform, calls: DeviceCalls): Promise<HttpSurface> {
  return buildHttpHandler<RegistrationEvidence, never>(platform, {
    name: 'provisioning',
    routes: deviceRoutes(calls),
    async authenticate(request, _permission, params) {
      const { certificates, remoteAddress } = peerOf(request.raw, platform, listenerLimits);
      return evidenceOf(params, { certificates, remoteAddress, hasToken: (request.headers.authorization ?? '') !== '' });
    },
    renderProblem(problem, { trackingId }) {
      const { status, body, retryAfterSeconds } = renderDpsProblem(problem, trackingId, platform.clock.now());
      const wait: Record<string, string> = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { status, json: body, headers: { 'x-ms-error-code': String(body.errorCode), ...wait } };
    },
  });
}
