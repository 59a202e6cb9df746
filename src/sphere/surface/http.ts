import { Problem } from '#base/problem.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { AdministratorTokens } from '#sphere/access/administrator-tokens.ts';
import { attestationBasePath } from '#sphere/contract/attestation.ts';
import { pkiBasePath } from '#sphere/contract/pki.ts';
import { auditCalls } from '#storage/audit-calls.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { UserCaller } from '#trust/caller.ts';
import { describeCaller } from '#trust/describe-caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { buildHttpHandler, type HttpRequest } from '#wire/http/fastify.ts';
import { renderAttestationProblem } from './attestation-errors.ts';
import { renderCloudProblem } from './cloud-errors.ts';
import { type CloudRoutesOptions, cloudRoutes } from './cloud-routes.ts';
import { type DeviceRoutesOptions, deviceRoutes } from './device-routes.ts';
import { type PkiRoutesOptions, pkiRoutes } from './pki-routes.ts';

export type SphereHttpOptions = {
  /** Changes by people, beside those of every service; what the security service does itself it keeps in `audit`. */
  readonly changes?: Pick<AuditLog, 'record'> | undefined;
} & CloudRoutesOptions &
  DeviceRoutesOptions &
  PkiRoutesOptions & { readonly tokens: AdministratorTokens };

const security = { 'x-content-type-options': 'nosniff' };

/** All faces of the security service behind one door: the path tells devices from people, and from whoever checks certificates. */
export async function buildSphereHttp(options: SphereHttpOptions): Promise<HttpSurface> {
  const { platform, tokens, refusals } = options;
  const forPeople = await buildHttpHandler<UserCaller, Permission>(platform, {
    name: 'sphere-cloud',
    routes: cloudRoutes(options),
    headers: security,
    authenticate: (request, permission) => authenticate(request, permission),
    ...(options.changes && { onChange: auditCalls(options.changes, 'sphere', ({ caller }) => describeCaller(caller)) }),
    renderProblem: (problem, request) => renderCloudProblem(problem, request.trackingId),
  });
  const forDevices = await buildHttpHandler<undefined, never>(platform, {
    name: 'sphere-attestation',
    routes: deviceRoutes(options),
    headers: security,
    async authenticate(request) {
      if (request.method === 'POST') requireJson(request);
      return undefined;
    },
    renderProblem: (problem, request) => renderAttestationProblem(problem, request.trackingId),
  });

  const forAnybody = await buildHttpHandler<undefined, never>(platform, {
    name: 'sphere-pki',
    routes: pkiRoutes(options),
    headers: security,
    authenticate: async () => undefined,
    renderProblem: (problem, request) => renderAttestationProblem(problem, request.trackingId),
  });

  async function authenticate(request: HttpRequest, permission: Permission | 'none'): Promise<UserCaller> {
    const verdict = await tokens.check(request.headers.authorization);
    if (!verdict.accepted) {
      refusals.record({ service: 'sphere', subject: 'cloud API', peer: request.remoteAddress, ...verdict.refusal });
      // Which of the reasons it was is for the log alone.
      throw new Problem('unauthorized', 'Sign in first: run azsphere login.');
    }
    const caller = verdict.value;
    if (permission === 'none' || caller.permissions.has(permission)) return caller;
    refusals.record({
      service: 'sphere',
      subject: caller.userId,
      peer: request.remoteAddress,
      reason: 'permission-missing',
      detail: `${request.method} needs the permission ${permission}.`,
      trace: verdict.trace,
    });
    throw new Problem('forbidden', 'You may not do this.');
  }

  return (request, response) => {
    const url = (request.url ?? '').toLowerCase();
    const isFor = (basePath: string) => url.startsWith(`${basePath}/`);
    const handle = isFor(attestationBasePath) ? forDevices : isFor(pkiBasePath) ? forAnybody : forPeople;
    handle(request, response);
  };
}

function requireJson(request: HttpRequest): void {
  if (/^application\/json(?:;|$)/i.test(request.headers['content-type']?.trim() ?? '')) return;
  throw new Problem('unsupported-media-type', 'The body must be application/json.');
}
