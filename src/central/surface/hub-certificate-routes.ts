import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import { certificateFileOf } from '../connection/certificate-text.ts';
import { certificatePutSchema, type HubCertificate, verifyRequestSchema } from '../contract/certificates.ts';
import { formatCertificate, formatVerificationCode } from './format-certificate.ts';
import { type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Authorities = Hub['authorities'];
type HubCa = Awaited<ReturnType<Authorities['upload']>>;

type Rooms = { readonly hubAuthorities: Authorities; readonly hubs: Pick<PortalHubs, 'find'> };
type Params = Readonly<Record<string, string>>;

/** CAs of a hub itself, for devices that connect to it without provisioning: of any hub, and in short of the application's. */
export function buildHubCertificateRoutes({ hubAuthorities, hubs }: Rooms): CentralRoute[] {
  return [
    ...routesBelow('/api/ui/hub', () => hubAuthorities),
    ...routesBelow('/api/ui/hubs/:hub', (params) => requireHub(hubs, params.hub).authorities),
  ];
}

function routesBelow(prefix: string, authoritiesOf: (params: Params) => Authorities): CentralRoute[] {
  const path = `${prefix}/certificates/:certificateId`;
  return [
    centralRoute({
      method: 'GET',
      path: `${prefix}/certificates`,
      permission: 'groups.read',
      summary: 'List the CA certificates of the hub.',
      handle: async ({ params }) => ({ json: { value: (await authoritiesOf(params).list()).map(format) } }),
    }),
    centralRoute({
      method: 'GET',
      path,
      permission: 'groups.read',
      summary: 'Get a CA certificate of the hub.',
      async handle({ params }) {
        const certificate = await authoritiesOf(params).load(params.certificateId ?? '');
        if (!certificate) throw new Problem('certificate-not-found', 'The hub has no such certificate.');
        return { json: format(certificate) };
      },
    }),
    centralRoute({
      method: 'PUT',
      path,
      permission: 'hub-certificates.write',
      summary: 'Upload a CA certificate to the hub. It counts once possession of its key is proven.',
      body: certificatePutSchema,
      async handle({ caller, params, body }) {
        const user = requireUser(caller);
        const isVouchedFor = body.verified ?? false;
        if (isVouchedFor && !user.permissions.has('groups.verify-on-upload')) {
          throw new Problem('forbidden', 'Setting a certificate to verified on upload needs a permission of its own.');
        }
        const certificate = await authoritiesOf(params).upload({
          certificateId: params.certificateId ?? '',
          file: certificateFileOf(body.certificate),
          by: user.displayName,
          verifiedOnUpload: isVouchedFor,
          replace: true,
        });
        return { json: format(certificate) };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path,
      permission: 'hub-certificates.write',
      summary: 'Remove a CA certificate of the hub; devices below it are disconnected.',
      async handle({ params, headers }) {
        await authoritiesOf(params).delete(params.certificateId ?? '', headers['if-match']);
        return { status: 204 };
      },
    }),
    centralRoute({
      method: 'POST',
      path: `${path}/generateVerificationCode`,
      permission: 'hub-certificates.write',
      summary: 'Make a new verification code; the one before is void.',
      handle: async ({ params, headers }) => ({
        json: formatVerificationCode(
          await authoritiesOf(params).generateVerificationCode(params.certificateId ?? '', headers['if-match']),
        ),
      }),
    }),
    centralRoute({
      method: 'POST',
      path: `${path}/verify`,
      permission: 'hub-certificates.write',
      summary: 'Prove possession with a certificate whose common name is the code, signed by the CA.',
      body: verifyRequestSchema,
      async handle({ caller, params, body, headers }) {
        const proof = certificateFileOf(body.certificate);
        await authoritiesOf(params).verify(
          params.certificateId ?? '',
          proof,
          requireUser(caller).displayName,
          headers['if-match'],
        );
        return { status: 204 };
      },
    }),
  ];
}

function format(certificate: HubCa): HubCertificate {
  return { id: certificate.certificateId, ...formatCertificate(certificate) };
}
