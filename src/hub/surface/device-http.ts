import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { peerOf } from '#listeners/https-listener.ts';
import { listenerLimits } from '#listeners/limits.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { buildHttpHandler, type HttpRequest } from '#wire/http/fastify.ts';
import type { LastCredentials } from '../credentials/last-credentials.ts';
import type { FileUploads } from '../files/file-uploads.ts';
import { type Identity, identityName } from '../identity.ts';
import type { SignIn } from '../registry/sign-in.ts';
import { type DeviceRooms, deviceRoutes } from './device-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { renderDeviceProblem } from './service-errors.ts';
import { requireServiceVersion } from './service-path.ts';

export type DeviceHttpOptions = DeviceRooms & {
  readonly files: Pick<FileUploads, 'begin' | 'end'>;
  readonly signIn: Pick<SignIn, 'check'>;
  readonly credentials: Pick<LastCredentials, 'record'>;
  readonly refusals: Pick<RefusalLog, 'record'>;
};

/** The HTTPS API of devices (hub-device-protocol.md 6). It leaves alone who is connected: HTTPS alone is no connection (9). */
export function buildDeviceHttp(options: DeviceHttpOptions): Promise<HttpSurface> {
  const { platform } = options;
  return buildHttpHandler<DeviceCaller, never>(platform, {
    name: 'hub-device',
    routes: [...deviceRoutes(options), ...fileRoutes(options.files, options.quotas)],
    headers: ({ trackingId }) => ({ 'x-ms-request-id': trackingId }),
    async authenticate(request, _permission, { deviceId = '', moduleId }) {
      const caller = await signIn(platform, options, request, { deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
      requireServiceVersion(request.url);
      return caller;
    },
    renderProblem(problem, { method, trackingId }) {
      // Only paths that exist come here (device-path.ts), so what has no route is a verb that the path has not.
      const shown =
        problem.code === 'route-not-found' ? new Problem('method-not-allowed', `${method} is not for this path.`) : problem;
      return renderDeviceProblem(shown, trackingId, platform.clock.now());
    },
  });
}

/** A header with a token makes it a token, even beside a certificate (2.3). The device learns only that it was refused. */
async function signIn(
  platform: Platform,
  options: DeviceHttpOptions,
  request: HttpRequest,
  identity: Identity,
): Promise<DeviceCaller> {
  const { certificates } = peerOf(request.raw, platform, listenerLimits);
  const evidence = { certificates, token: request.headers.authorization || undefined };
  const verdict = await options.signIn.check(identity, evidence);
  const fault = verdict.accepted ? options.faults?.refusal(verdict.value, 'https') : undefined;
  if (verdict.accepted && !fault) {
    options.credentials.record(verdict.value, evidence);
    await options.faults?.beforeAnswer(verdict.value);
    return verdict.value;
  }
  const subject = identityName(identity);
  const refusal = verdict.accepted ? fault : verdict.refusal;
  if (refusal) options.refusals.record({ service: 'hub', subject, peer: request.remoteAddress, ...refusal });
  throw new Problem('unauthorized', 'The credentials of the device were refused.');
}
