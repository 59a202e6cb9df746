import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import { certificateFileOf } from '../connection/certificate-text.ts';
import { certificatePutSchema, type HubCertificate, verifyRequestSchema } from '../contract/certificates.ts';
import { formatCertificate, formatVerificationCode } from './format-certificate.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Authorities = Hub['authorities'];
type HubCa = Awaited<ReturnType<Authorities['upload']>>;

/** `/api/ui/hub/certificates`: CAs of the hub itself, for devices that connect to it without provisioning. */
export function buildHubCertificateRoutes(rooms: { hubAuthorities: Authorities }): CentralRoute[] {
  const { hubAuthorities: authorities } = rooms;
  const path = '/api/ui/hub/certificates/:certificateId';
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hub/certificates',
      permission: 'groups.read',
      summary: 'List the CA certificates of the hub.',
      handle: async () => ({ json: { value: (await authorities.list()).map(format) } }),
    }),
    centralRoute({
      method: 'GET',
      path,
      permission: 'groups.read',
      summary: 'Get a CA certificate of the hub.',
      async handle({ params }) {
        const certificate = await authorities.load(params.certificateId ?? '');
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
        const certificate = await authorities.upload({
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
        await authorities.delete(params.certificateId ?? '', headers['if-match']);
        return { status: 204 };
      },
    }),
    centralRoute({
      method: 'POST',
      path: `${path}/generateVerificationCode`,
      permission: 'hub-certificates.write',
      summary: 'Make a new verification code; the one before is void.',
      handle: async ({ params, headers }) => ({
        json: formatVerificationCode(await authorities.generateVerificationCode(params.certificateId ?? '', headers['if-match'])),
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
        await authorities.verify(params.certificateId ?? '', proof, requireUser(caller).displayName, headers['if-match']);
        return { status: 204 };
      },
    }),
  ];
}

function format(certificate: HubCa): HubCertificate {
  return { id: certificate.certificateId, ...formatCertificate(certificate) };
}
