import { checkIfMatch } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { ConnectionGroups, GroupKeys } from '../connection/connection-groups.ts';
import type { EnrollmentGroup } from '../connection/enrollment-group.ts';
import type { GroupCertificates } from '../connection/group-certificates.ts';
import {
  type EnrollmentGroupBody,
  type EnrollmentGroupPatch,
  enrollmentGroupPatchSchema,
  enrollmentGroupPutSchema,
} from '../contract/enrollment-groups.ts';
import { apiQuerySchema, pageQuerySchema } from '../contract/page.ts';
import { formatCertificate } from './format-certificate.ts';
import { page } from './paging.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Rooms = { groups: ConnectionGroups; certificates: GroupCertificates; idScope: string };

/** `/api/enrollmentGroups` (central.md 4.2). Certificates have calls of their own: certificate-routes.ts. */
export function buildEnrollmentGroupRoutes(rooms: Rooms): CentralRoute[] {
  const { groups, certificates } = rooms;
  const path = '/api/enrollmentGroups/:groupId';
  const format = (group: EnrollmentGroup) => formatGroup(rooms, group);

  return [
    centralRoute({
      method: 'GET',
      path: '/api/enrollmentGroups',
      permission: 'groups.read',
      summary: 'List enrollment groups in order of id.',
      query: pageQuerySchema,
      async handle({ query, headers }) {
        const { items, ...rest } = await page(
          { query, headers, path: '/api/enrollmentGroups' },
          (after, limit) => listFrom(groups, after, limit),
          (group) => group.groupId,
        );
        return { json: { value: await Promise.all(items.map(format)), ...rest } };
      },
    }),
    centralRoute({
      method: 'GET',
      path,
      permission: 'groups.read',
      summary: 'Get an enrollment group.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: await format(await groups.require(params.groupId ?? '')) }),
    }),
    centralRoute({
      method: 'PUT',
      path,
      permission: 'groups.write',
      summary: 'Create an enrollment group, or rename, enable or disable it.',
      query: apiQuerySchema,
      body: enrollmentGroupPutSchema,
      async handle({ caller, params, body, headers }) {
        const groupId = params.groupId ?? '';
        const existing = await groups.load(groupId);
        const isEnabled = body.enabled ?? true;
        if (!existing) {
          const { displayName, type, attestation } = body;
          const input = { displayName, type, isEnabled, attestationType: attestation.type, ...keysIn(body) };
          return { json: await format(await groups.create(requireUser(caller), groupId, input)) };
        }
        checkIfMatch(headers['if-match'], existing.etag);
        requireSameKind(existing, body);
        return {
          json: await format(
            await groups.change(requireUser(caller), groupId, { displayName: body.displayName, isEnabled, ...keysIn(body) }),
          ),
        };
      },
    }),
    centralRoute({
      method: 'PATCH',
      path,
      permission: 'groups.write',
      summary: 'Rename, enable or disable an enrollment group.',
      query: apiQuerySchema,
      body: enrollmentGroupPatchSchema,
      async handle({ caller, params, body, headers }) {
        const existing = await groups.require(params.groupId ?? '');
        checkIfMatch(headers['if-match'], existing.etag);
        requireSameKind(existing, body);
        const changed = await groups.change(requireUser(caller), existing.groupId, {
          ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
          ...(body.enabled === undefined ? {} : { isEnabled: body.enabled }),
          ...keysIn(body),
        });
        return { json: await format(changed) };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path,
      permission: 'groups.write',
      summary: 'Delete an enrollment group and its certificates. Devices it admitted stay.',
      query: apiQuerySchema,
      async handle({ caller, params, headers }) {
        const existing = await groups.require(params.groupId ?? '');
        checkIfMatch(headers['if-match'], existing.etag);
        await groups.delete(requireUser(caller), existing.groupId);
        await certificates.deleteAll(existing);
        return { status: 204 };
      },
    }),
  ];
}

/** Groups are few (hundreds at most) and come from the provisioning service as one list. */
async function listFrom(groups: ConnectionGroups, after: string | undefined, limit: number): Promise<readonly EnrollmentGroup[]> {
  const all = [...(await groups.list())].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  return all.filter((group) => after === undefined || group.groupId > after).slice(0, limit);
}

/** The keys that somebody chose; nothing is said of them where none stand, since nothing was read back. */
function keysIn({ attestation }: EnrollmentGroupPatch): { keys?: GroupKeys } {
  return attestation?.type === 'symmetricKey' && attestation.symmetricKey ? { keys: attestation.symmetricKey } : {};
}

function requireSameKind(
  group: EnrollmentGroup,
  body: { type?: string | undefined; attestation?: { type: string } | undefined },
): void {
  if (body.type !== undefined && body.type !== group.type) throw new Problem('conflict', 'The type of a group cannot change.');
  if (body.attestation !== undefined && body.attestation.type !== group.attestation.type) {
    throw new Problem('conflict', 'The attestation type of a group cannot change; make a new group.');
  }
}

async function formatGroup(rooms: Rooms, group: EnrollmentGroup): Promise<EnrollmentGroupBody> {
  return {
    id: group.groupId,
    displayName: group.displayName,
    type: group.type,
    enabled: group.isEnabled,
    attestation: await formatAttestation(rooms.certificates, group),
    etag: group.etag,
    idScope: rooms.idScope,
  };
}

async function formatAttestation(
  certificates: GroupCertificates,
  group: EnrollmentGroup,
): Promise<EnrollmentGroupBody['attestation']> {
  if (group.attestation.type === 'symmetricKey') return { type: 'symmetricKey', symmetricKey: {} };
  const [primary, secondary] = await Promise.all([certificates.load(group, 'primary'), certificates.load(group, 'secondary')]);
  return {
    type: 'x509',
    x509: {
      signingCertificates: {
        ...(primary ? { primary: formatCertificate(primary) } : {}),
        ...(secondary ? { secondary: formatCertificate(secondary) } : {}),
      },
    },
  };
}
