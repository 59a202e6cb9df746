import { Problem } from '#base/problem.ts';
import { certificateFileOf } from '../connection/certificate-text.ts';
import type { CertificateSlot } from '../connection/enrollment-group.ts';
import type { GroupCertificates } from '../connection/group-certificates.ts';
import { certificatePutSchema, verifyRequestSchema } from '../contract/certificates.ts';
import { apiQuerySchema } from '../contract/page.ts';
import { formatCertificate, formatVerificationCode } from './format-certificate.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Params = Readonly<Record<string, string>>;

/** `…/certificates/{primary|secondary}`: upload, code, proof (central.md 4.4). */
export function buildCertificateRoutes(rooms: { certificates: GroupCertificates }): CentralRoute[] {
  const { certificates } = rooms;
  const path = '/api/enrollmentGroups/:groupId/certificates/:entry';
  return [
    centralRoute({
      method: 'GET',
      path,
      permission: 'groups.read',
      summary: 'Get a signing certificate of a group.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: formatCertificate(await certificates.require(groupOf(params), slotOf(params))) }),
    }),
    centralRoute({
      method: 'PUT',
      path,
      permission: 'groups.write',
      summary: 'Upload a CA certificate. It counts once possession of its key is proven.',
      query: apiQuerySchema,
      body: certificatePutSchema,
      async handle({ caller, params, body }) {
        const certificate = await certificates.put(requireUser(caller), groupOf(params), slotOf(params), {
          file: certificateFileOf(body.certificate),
          verifiedOnUpload: body.verified ?? false,
        });
        return { json: formatCertificate(certificate) };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path,
      permission: 'groups.write',
      summary: 'Remove a signing certificate; devices below it cannot register any more.',
      query: apiQuerySchema,
      async handle({ caller, params, headers }) {
        await certificates.delete(requireUser(caller), groupOf(params), slotOf(params), headers['if-match']);
        return { status: 204 };
      },
    }),
    centralRoute({
      method: 'POST',
      path: `${path}/generateVerificationCode`,
      permission: 'groups.write',
      summary: 'Make a new verification code; the one before is void.',
      query: apiQuerySchema,
      handle: async ({ params, headers }) => ({
        json: formatVerificationCode(
          await certificates.generateVerificationCode(groupOf(params), slotOf(params), headers['if-match']),
        ),
      }),
    }),
    centralRoute({
      method: 'POST',
      path: `${path}/verify`,
      permission: 'groups.write',
      summary: 'Prove possession with a certificate whose common name is the code, signed by the CA.',
      query: apiQuerySchema,
      body: verifyRequestSchema,
      async handle({ caller, params, body, headers }) {
        const proof = certificateFileOf(body.certificate);
        await certificates.verify(requireUser(caller), groupOf(params), slotOf(params), proof, headers['if-match']);
        return { status: 204 };
      },
    }),
  ];
}

export function groupOf(params: Params): string {
  return params.groupId ?? '';
}

export function slotOf(params: Params): CertificateSlot {
  const entry = params.entry?.toLowerCase();
  if (entry === 'primary' || entry === 'secondary') return entry;
  throw new Problem('not-found', 'A group has a primary and a secondary certificate, and no other.');
}
