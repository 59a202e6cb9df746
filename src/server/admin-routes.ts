import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { formatInstant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import type { Hub, HubDirectory } from '#hub/hub.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import { describeRefusal } from '#storage/describe-refusal.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { meaningOf } from '#trust/refusal-meanings.ts';
import { formatConnectionString } from '#wire/azure/connection-string.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import { auditAdminRoutes } from './audit-admin-routes.ts';
import type { ClockControl } from './clock/clock-control.ts';
import { clockRoutes } from './clock/clock-routes.ts';
import { consumerGroupAdminRoutes } from './consumer-group-admin-routes.ts';
import { eventAdminRoutes } from './event-admin-routes.ts';
import { faultAdminRoutes } from './fault-admin-routes.ts';
import { feedbackAdminRoutes } from './feedback-admin-routes.ts';
import { fileAdminRoutes } from './file-admin-routes.ts';
import type { FileService } from './file-service.ts';
import { hubAdminRoutes } from './hub-admin-routes.ts';
import { messageAdminRoutes } from './message-admin-routes.ts';
import { monitoringRoutes, type Watched } from './monitoring/monitoring-routes.ts';
import { policyAdminRoutes } from './policy-admin-routes.ts';
import { rehearsalRoutes } from './rehearsal/rehearsal-routes.ts';
import type { Rehearse } from './rehearsal/rehearse.ts';
import { type RevocationRooms, revocationRoutes } from './revocation-routes.ts';
import { routingAdminRoutes } from './routing-admin-routes.ts';
import { type SphereAdministration, sphereAdminRoutes } from './sphere-admin-routes.ts';
import type { ServerStatus } from './status.ts';

export type Administration = RevocationRooms & {
  readonly hubs: HubDirectory;
  readonly clock: ClockControl;
  readonly platform: Pick<Platform, 'clock'>;
  readonly files: FileService;
  /** The file to trust. */
  readonly caFile: string;
  readonly realClock: Clock;
  readonly rehearse: Pick<Rehearse, 'until'>;
  readonly refusals: RefusalLog;
  readonly sphere: SphereAdministration;
  readonly watched: Watched;
  readonly audit: Pick<AuditLog, 'list'>;
  status(options: { withSecrets: boolean }): Promise<ServerStatus>;
  createSignInLink(): Promise<string>;
  mintSphereToken(): Promise<{ token: string; expiresAt: string; sphereUrl: string; caFile: string }>;
};

const route = defineRoute<UserCaller, Permission>();
const certificateFile = z.strictObject({ file: z.string().max(64 * 1024) });
/** Without a name, the hub `main` is meant. */
const hubQuery = z.strictObject({ hub: z.string().max(64).optional() });
const deviceQuery = hubQuery.extend({ secrets: z.enum(['true', 'false']).optional() });
const deviceBody = z.strictObject({
  authentication: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('certificateAuthority') }),
    z.strictObject({
      type: z.literal('selfSigned'),
      primaryThumbprint: z.string().max(128).optional(),
      secondaryThumbprint: z.string().max(128).optional(),
    }),
    z.strictObject({
      type: z.literal('sas'),
      primaryKey: z.string().max(128).optional(),
      secondaryKey: z.string().max(128).optional(),
    }),
  ]),
});

/** What goes through the administration socket: whoever can open it owns the data directory. */
export function adminRoutes(administration: Administration): Route<UserCaller, Permission>[] {
  const { hubs, refusals } = administration;
  const hubOf = ({ hub: name = 'main' }: { hub?: string | undefined }): Hub => {
    const hub = hubs.find(name);
    if (hub) return hub;
    throw new Problem('not-found', `There is no hub ${name.slice(0, 64)}.`);
  };
  return [
    ...hubAdminRoutes(hubs),
    ...messageAdminRoutes(hubOf),
    ...consumerGroupAdminRoutes(hubOf),
    ...routingAdminRoutes(hubOf),
    ...policyAdminRoutes(hubOf),
    ...eventAdminRoutes(administration.realClock, hubOf),
    ...feedbackAdminRoutes(administration.realClock, hubOf),
    ...faultAdminRoutes(hubOf),
    ...fileAdminRoutes(administration.platform, administration.files, administration.caFile, hubOf),
    ...revocationRoutes(administration),
    ...clockRoutes(administration.realClock, administration.clock),
    ...rehearsalRoutes(administration.rehearse),
    ...sphereAdminRoutes(administration.sphere),
    ...auditAdminRoutes(administration.audit),
    ...monitoringRoutes<UserCaller, Permission>(administration.watched),
    route({
      method: 'GET',
      path: '/status',
      permission: 'sphere.administer',
      summary: 'Addresses, host names, ids and, when asked for, fresh credentials',
      query: z.strictObject({ secrets: z.enum(['true', 'false']).optional() }),
      async handle({ query }) {
        const withSecrets = query.secrets === 'true';
        const changed = withSecrets ? { changed: ['an API token was minted'] } : {};
        return { json: await administration.status({ withSecrets }), ...changed };
      },
    }),
    route({
      method: 'POST',
      path: '/sign-in-links',
      permission: 'tokens.write',
      summary: 'A link that signs one person in, once, within ten minutes',
      handle: async () => ({ status: 201, json: { url: await administration.createSignInLink() } }),
    }),
    route({
      method: 'POST',
      path: '/sphere/tokens',
      permission: 'sphere.administer',
      summary: 'A token of twelve hours for the local administrator of the security service',
      handle: async () => ({ status: 201, json: await administration.mintSphereToken() }),
    }),
    route({
      method: 'GET',
      path: '/refusals',
      permission: 'refusals.read',
      summary: 'Who was refused, why, and what would mend it',
      query: z.strictObject({
        service: z.enum(['hub', 'provisioning', 'sphere', 'central']).optional(),
        subject: z.string().max(256).optional(),
        hub: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(1000).optional(),
      }),
      handle: async ({ query }) => {
        const { service, subject, hub, limit } = query;
        const filter = {
          ...(service && { service }),
          ...(subject !== undefined && { subject }),
          ...(hub !== undefined && { hub }),
          ...(limit && { limit }),
        };
        const rows = await refusals.list(filter);
        return {
          json: {
            value: rows.map((row) => describeRefusal(row, meaningOf)),
          },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/refusals/:refusalId',
      permission: 'refusals.read',
      summary: 'One refusal with all that is known of it',
      handle: async ({ params }) => {
        const row = await refusals.load(requireParam(params, 'refusalId'));
        if (row) return { json: describeRefusal(row, meaningOf) };
        throw new Problem('not-found', 'There is no refusal of this id; they are kept for 30 days.');
      },
    }),
    route({
      method: 'GET',
      path: '/hub/devices',
      permission: 'devices.read',
      summary: 'The hub’s device identities',
      query: hubQuery,
      handle: async ({ query }) => {
        const hub = hubOf(query);
        const devices = await hub.registry.list();
        return { json: { value: devices.map((device) => describeDevice(hub.hostName, device, false)) } };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/devices/:deviceId',
      permission: 'devices.write',
      summary: 'Creates a device identity that signs in with a thumbprint, under a verified CA or with a key',
      query: deviceQuery,
      body: deviceBody,
      handle: async ({ params, query, body }) => {
        const hub = hubOf(query);
        const device = await hub.registry.create({
          deviceId: requireParam(params, 'deviceId'),
          authentication: authenticationOf(body.authentication),
        });
        return { status: 201, json: describeDevice(hub.hostName, device, query.secrets === 'true') };
      },
    }),
    route({
      method: 'GET',
      path: '/hub/devices/:deviceId',
      permission: 'devices.write',
      summary: 'A device identity and, when asked for, its connection string',
      query: deviceQuery,
      handle: async ({ params, query }) => {
        const hub = hubOf(query);
        const device = await hub.registry.require(requireParam(params, 'deviceId'));
        return { json: describeDevice(hub.hostName, device, query.secrets === 'true') };
      },
    }),
    route({
      method: 'DELETE',
      path: '/hub/devices/:deviceId',
      permission: 'devices.write',
      summary: 'Deletes a device identity and closes its connection',
      query: hubQuery,
      handle: async ({ params, query }) => {
        await hubOf(query).registry.delete(requireParam(params, 'deviceId'));
        return { status: 204 };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/certificates/:certificateId',
      permission: 'hub-certificates.write',
      summary: 'Uploads a CA certificate to the hub, unverified',
      query: hubQuery,
      body: certificateFile,
      handle: async ({ params, query, body, caller }) => {
        const { authorities } = hubOf(query);
        const certificateId = requireParam(params, 'certificateId');
        const file = Buffer.from(body.file, 'base64');
        return { status: 201, json: describe(await authorities.upload({ certificateId, file, by: caller.userId })) };
      },
    }),
    route({
      method: 'GET',
      path: '/hub/certificates',
      permission: 'devices.read',
      summary: 'The hub’s CA certificates',
      query: hubQuery,
      handle: async ({ query }) => ({ json: { value: (await hubOf(query).authorities.list()).map(describe) } }),
    }),
    route({
      method: 'POST',
      path: '/hub/certificates/:certificateId/generateVerificationCode',
      permission: 'hub-certificates.write',
      summary: 'A new code for the proof of possession; the old one is void',
      query: hubQuery,
      handle: async ({ params, query }) => {
        const certificate = await hubOf(query).authorities.generateVerificationCode(requireParam(params, 'certificateId'));
        return { json: { ...describe(certificate), verificationCode: certificate.verificationCode } };
      },
    }),
    route({
      method: 'POST',
      path: '/hub/certificates/:certificateId/verify',
      permission: 'hub-certificates.write',
      summary: 'Takes the proof: a certificate whose common name is the code, signed by the CA',
      query: hubQuery,
      body: certificateFile,
      handle: async ({ params, query, body, caller }) => {
        const { authorities } = hubOf(query);
        const proof = Buffer.from(body.file, 'base64');
        return { json: describe(await authorities.verify(requireParam(params, 'certificateId'), proof, caller.userId)) };
      },
    }),
  ];
}

/** Without members that are there and undefined, which a stored document would lose. */
function authenticationOf(asked: z.output<typeof deviceBody>['authentication']) {
  if (asked.type === 'certificateAuthority') return asked;
  if (asked.type === 'sas') {
    const { type, primaryKey, secondaryKey } = asked;
    return { type, ...(primaryKey !== undefined && { primaryKey }), ...(secondaryKey !== undefined && { secondaryKey }) };
  }
  const { type, primaryThumbprint, secondaryThumbprint } = asked;
  return {
    type,
    ...(primaryThumbprint !== undefined && { primaryThumbprint }),
    ...(secondaryThumbprint !== undefined && { secondaryThumbprint }),
  };
}

type Device = Awaited<ReturnType<Hub['registry']['require']>>;

/** Keys are shown inside the connection string, and only when they were asked for. */
function describeDevice(hostName: string, device: Device, withSecrets: boolean) {
  const { authentication } = device;
  if (authentication.type !== 'sas') return device;
  const { deviceId } = device;
  const { type, keys } = authentication;
  const shown = { ...device, authentication: { type } };
  if (!withSecrets) return shown;
  const sharedAccessKey = new Secret(keys.reveal().primaryKey);
  return { ...shown, connectionString: formatConnectionString({ hostName, deviceId, sharedAccessKey }) };
}

type CaCertificate = Awaited<ReturnType<Hub['authorities']['upload']>>;

function describe(certificate: CaCertificate) {
  const { certificateId, subject, sha1Thumbprint, sha256Thumbprint, isVerified, etag } = certificate;
  return {
    certificateId,
    subject,
    sha1Thumbprint,
    sha256Thumbprint,
    isVerified,
    notAfter: formatInstant(certificate.notAfter),
    etag,
  };
}

function requireParam(params: Readonly<Record<string, string>>, name: string): string {
  const value = params[name];
  if (value === undefined || value === '') throw new Problem('argument-invalid', `${name} is missing.`);
  return value;
}
