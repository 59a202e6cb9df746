import { quoteEtag } from '#base/etag.ts';
import { isRegistrationId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import {
  type AskedGroup,
  askedGroup,
  askedGroupBulk,
  type BulkEntry,
  ignoredBody,
  versionOnly,
} from '../contract/service-requests.ts';
import type { EnrollmentGroup, NewEnrollmentGroup } from '../enrollments/enrollment-group.ts';
import { formatGroup } from '../enrollments/enrollment-json.ts';
import { formatGroupAttestation, type KeyDisplay } from './attestation-json.ts';
import { runBulk } from './bulk.ts';
import { putAsAsked } from './put-as-asked.ts';
import { replyPage } from './query-page.ts';
import { readAllocation } from './read-allocation.ts';
import { readGroupAttestation } from './read-attestation.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Enrollment groups (dps-service-protocol.md 3). */
export function groupRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  const { groups, authorities } = rooms;
  const common = { query: versionOnly } as const;

  /** A request as the group it asks for. Throws Problem `argument-invalid`, `certificate-invalid` or `not-supported`. */
  async function read(groupId: string, asked: BulkEntry<AskedGroup>, present?: EnrollmentGroup): Promise<NewEnrollmentGroup> {
    const { attestation, capabilities, provisioningStatus } = asked;
    requireGroupId(groupId);
    if (!attestation) throw new Problem('argument-invalid', 'The attestation is missing.');
    return {
      groupId,
      displayName: present?.displayName ?? groupId,
      type: capabilities?.iotEdge ? 'iotEdge' : 'iot',
      isEnabled: provisioningStatus !== 'disabled',
      attestation: await readGroupAttestation(attestation, present?.attestation, authorities),
      allocation: readAllocation(asked, present?.allocation),
    };
  }

  function reply(group: EnrollmentGroup, keys: KeyDisplay): Reply {
    const json = formatGroup(group, formatGroupAttestation(group.attestation, keys));
    return { json, headers: { etag: quoteEtag(group.etag) } };
  }

  return [
    serviceRoute({
      ...common,
      method: 'GET',
      path: '/enrollmentGroups/:enrollmentGroupId',
      permission: 'EnrollmentRead',
      summary: 'An enrollment group, without its keys',
      handle: async ({ params }) => reply(await groups.require(requireGroupId(params.enrollmentGroupId)), 'hidden'),
    }),
    serviceRoute({
      ...common,
      method: 'PUT',
      path: '/enrollmentGroups/:enrollmentGroupId',
      permission: 'EnrollmentWrite',
      summary: 'Makes an enrollment group, or with If-Match changes it',
      body: askedGroup,
      async handle({ params, body, headers }) {
        const groupId = requireGroupId(params.enrollmentGroupId);
        requireSameId(body.enrollmentGroupId, groupId);
        const group = await putAsAsked(headers['if-match'], {
          load: () => groups.load(groupId),
          create: async () => groups.create(await read(groupId, body)),
          replace: async (present, ifMatch) => groups.replace(await read(groupId, body, present), ifMatch),
        });
        return reply(group, 'shown');
      },
    }),
    serviceRoute({
      ...common,
      method: 'DELETE',
      path: '/enrollmentGroups/:enrollmentGroupId',
      permission: 'EnrollmentWrite',
      summary: 'Deletes an enrollment group; its devices are kept out of their hubs',
      async handle({ params, headers }) {
        await groups.delete(requireGroupId(params.enrollmentGroupId), headers['if-match']);
        return { status: 204 };
      },
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollmentGroups/query',
      readsOnly: true,
      permission: 'EnrollmentRead',
      summary: 'All enrollment groups, page by page',
      body: ignoredBody,
      handle: ({ headers }) =>
        replyPage(
          headers,
          'enrollmentGroup',
          (page) => groups.page(page),
          ({ groupId }) => groupId,
          (group) => formatGroup(group, formatGroupAttestation(group.attestation, 'hidden')),
        ),
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollmentGroups/:enrollmentGroupId/attestationmechanism',
      readsOnly: true,
      permission: 'EnrollmentWrite',
      summary: 'How the devices of a group prove themselves, with its keys',
      body: ignoredBody,
      async handle({ params }) {
        const { attestation } = await groups.require(requireGroupId(params.enrollmentGroupId));
        return { json: formatGroupAttestation(attestation, 'shown') };
      },
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollmentGroups',
      permission: 'EnrollmentWrite',
      summary: 'Creates, changes or deletes up to 10 enrollment groups',
      body: askedGroupBulk,
      handle: ({ body: { mode, enrollmentGroups: entries }, trackingId }) =>
        runBulk(platform, { mode, trackingId, idName: 'enrollmentGroupId' }, entries, {
          create: async (id, entry) => groups.create(await read(id, entry)),
          async update(id, entry, ifMatch) {
            await groups.replace(await read(id, entry, await groups.require(id)), ifMatch);
          },
          remove: (id) => groups.delete(id),
        }),
    }),
  ];
}

function requireGroupId(id = ''): string {
  if (isRegistrationId(id)) return id;
  throw new Problem(
    'argument-invalid',
    'An enrollment group id has 1 to 128 characters of A-Z a-z 0-9 - . _ : and ends in none of . _ :',
    {
      reason: 'group-id-malformed',
    },
  );
}

/** Ids ignore case. */
function requireSameId(inBody: string | null | undefined, inPath: string): void {
  if (!inBody || inBody.toLowerCase() === inPath.toLowerCase()) return;
  throw new Problem('argument-invalid', 'The enrollmentGroupId in the body is not the one in the path.');
}
