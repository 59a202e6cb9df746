import { z } from 'zod';
import { formatInstant } from '#base/instant.ts';
import { parseSphereDeviceId } from '#sphere/devices/device-id.ts';
import type { Sphere } from '#sphere/sphere.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();

/** Without an id, the first tenant is meant. */
const tenantQuery = z.strictObject({ tenant: z.guid().optional() });
const certificateQuery = tenantQuery.extend({ thumbprint: z.string().min(1).max(200) });
const activateQuery = certificateQuery.extend({ force: z.enum(['true', 'false']).optional() });

export type SphereAdministration = Pick<Sphere, 'tenants' | 'rotation' | 'changeDeviceStatus' | 'defaultTenantId'>;

/** What the original's command line has no words for: taking trust away, and giving it back. */
export function sphereAdminRoutes(sphere: SphereAdministration): Route<UserCaller, Permission>[] {
  const tenantOf = async ({ tenant }: { tenant?: string | undefined }) =>
    (await sphere.tenants.requireAdministered(tenant ?? sphere.defaultTenantId)).tenantId;
  const describe = ({ certificate }: Awaited<ReturnType<Sphere['rotation']['revoke']>>) => ({
    thumbprint: certificate.sha1Thumbprint,
    subject: certificate.subject,
    notAfter: formatInstant(certificate.notAfter),
  });
  return [
    ...(['suspend', 'resume', 'revoke'] as const).map((deed) =>
      route({
        method: 'POST',
        path: `/sphere/devices/:deviceId/${deed}`,
        permission: 'sphere.administer',
        summary: `What \`homeport sphere device ${deed}\` asks for`,
        query: tenantQuery,
        async handle({ params, query, caller }) {
          const deviceId = parseSphereDeviceId(params.deviceId ?? '');
          const change = { tenantId: await tenantOf(query), deviceId, deed, actor: caller.userId };
          const { status, leafNotAfter } = await sphere.changeDeviceStatus(change);
          const ends = leafNotAfter === undefined ? {} : { certificateEndsAt: formatInstant(leafNotAfter) };
          return { json: { deviceId, tenantId: change.tenantId, status, ...ends } };
        },
      }),
    ),
    route({
      method: 'GET',
      path: '/sphere/certificates',
      permission: 'sphere.read',
      summary: 'The CA certificates of a tenant, and who lacks the one that waits',
      query: tenantQuery,
      async handle({ query }) {
        const all = await sphere.rotation.list(await tenantOf(query));
        return { json: { value: all.map(({ authority, ...more }) => ({ ...describe(authority), ...more })) } };
      },
    }),
    route({
      method: 'POST',
      path: '/sphere/certificates/activate',
      permission: 'sphere.administer',
      summary: 'Makes the CA certificate that waits the active one',
      query: activateQuery,
      async handle({ query, caller }) {
        const how = { forced: query.force === 'true', actor: caller.userId };
        return { json: describe(await sphere.rotation.activate(await tenantOf(query), query.thumbprint, how)) };
      },
    }),
    route({
      method: 'POST',
      path: '/sphere/certificates/revoke',
      permission: 'sphere.administer',
      summary: 'Revokes a CA certificate, and with it all that it signed',
      query: certificateQuery,
      async handle({ query, caller }) {
        return { json: describe(await sphere.rotation.revoke(await tenantOf(query), query.thumbprint, caller.userId)) };
      },
    }),
  ];
}
