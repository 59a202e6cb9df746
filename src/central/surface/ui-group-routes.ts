import type { RefusalLog } from '#storage/refusal-log.ts';
import type { ConnectionGroups } from '../connection/connection-groups.ts';
import type { EnrollmentGroup } from '../connection/enrollment-group.ts';
import type { GroupCertificates } from '../connection/group-certificates.ts';
import { type GroupRow, groupRowPatchSchema } from '../contract/enrollment-groups.ts';
import type { Devices } from '../devices/devices.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Rooms = {
  groups: ConnectionGroups;
  certificates: GroupCertificates;
  devices: Devices;
  refusals: Pick<RefusalLog, 'list'>;
};

/** `/api/ui/enrollmentGroups`: the list of connection groups as its page shows it, and the switch that the public API lacks. */
export function buildUiGroupRoutes(rooms: Rooms): CentralRoute[] {
  const { groups } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/enrollmentGroups',
      permission: 'groups.read',
      summary: 'Connection groups with their certificate state and counts.',
      async handle() {
        const [list, counts, refused] = await Promise.all([groups.list(), rooms.devices.countByGroup(), countRefusals(rooms)]);
        const rows = await Promise.all(list.map((group) => formatRow(rooms, group, { counts, refused })));
        return { json: { value: rows } };
      },
    }),
    centralRoute({
      method: 'PATCH',
      path: '/api/ui/enrollmentGroups/:groupId',
      permission: 'groups.write',
      summary: 'Switch "Automatically connect devices in this group" on or off.',
      body: groupRowPatchSchema,
      async handle({ caller, params, body }) {
        const group = await groups.require(params.groupId ?? '');
        await groups.setConnectsAutomatically(requireUser(caller), group.groupId, body.automaticallyConnect);
        const [counts, refused] = await Promise.all([rooms.devices.countByGroup(), countRefusals(rooms)]);
        return { json: await formatRow(rooms, group, { counts, refused }) };
      },
    }),
  ];
}

async function formatRow(
  rooms: Rooms,
  group: EnrollmentGroup,
  known: { counts: ReadonlyMap<string, number>; refused: ReadonlyMap<string, number> },
): Promise<GroupRow> {
  const certificates = await Promise.all([
    rooms.certificates.load(group, 'primary'),
    rooms.certificates.load(group, 'secondary'),
  ]);
  const uploaded = certificates.filter((certificate) => certificate !== undefined);
  return {
    id: group.groupId,
    displayName: group.displayName,
    type: group.type,
    enabled: group.isEnabled,
    attestationType: group.attestation.type,
    certificateState: uploaded.some((certificate) => certificate.isVerified)
      ? 'Verified'
      : uploaded.length > 0
        ? 'Unverified'
        : 'None',
    deviceCount: known.counts.get(group.groupId) ?? 0,
    refusalCount: known.refused.get(group.groupId) ?? 0,
    automaticallyConnect: await rooms.groups.connectsAutomatically(group.groupId),
  };
}

const refusalsMax = 500;

/** Refused registrations by the group that their trace names. */
async function countRefusals(rooms: Rooms): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const rows = await rooms.refusals.list({ service: 'provisioning', limit: refusalsMax });
  const groupIds = (await rooms.groups.list()).map((group) => group.groupId);
  for (const row of rows) {
    for (const groupId of groupIds) {
      if (namesGroup(row, groupId)) counts.set(groupId, (counts.get(groupId) ?? 0) + row.times);
    }
  }
  return counts;
}

/** Ids of groups are words of letters, digits and dashes, so a word of the explanation names one or does not. */
function namesGroup(row: { detail: string; trace: string }, groupId: string): boolean {
  const words = `${row.detail} ${row.trace}`.split(/[^A-Za-z0-9-]+/);
  return words.includes(groupId);
}
