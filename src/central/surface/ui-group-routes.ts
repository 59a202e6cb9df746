import type { RefusalLog } from '#storage/refusal-log.ts';
import type { ConnectionGroups } from '../connection/connection-groups.ts';
import type { EnrollmentGroup } from '../connection/enrollment-group.ts';
import type { GroupCertificates } from '../connection/group-certificates.ts';
import { countGroupRefusals, type KeptRefusal } from '../connection/group-refusals.ts';
import { type GroupRow, groupRowPatchSchema } from '../contract/enrollment-groups.ts';
import type { Devices } from '../devices/devices.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Rooms = {
  groups: ConnectionGroups;
  certificates: GroupCertificates;
  devices: Devices;
  refusals: Pick<RefusalLog, 'list'>;
};

type Known = { counts: ReadonlyMap<string, number>; refusals: readonly KeptRefusal[] };

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
        const [list, known] = await Promise.all([groups.list(), loadKnown(rooms)]);
        const rows = await Promise.all(list.map((group) => formatRow(rooms, group, known)));
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
        return { json: await formatRow(rooms, group, await loadKnown(rooms)) };
      },
    }),
  ];
}

/** Refusals looked at; the newest explain the present. */
export const groupRefusalsMax = 500;

async function loadKnown(rooms: Rooms): Promise<Known> {
  const [counts, refusals] = await Promise.all([
    rooms.devices.countByGroup(),
    rooms.refusals.list({ service: 'provisioning', limit: groupRefusalsMax }),
  ]);
  return { counts, refusals };
}

async function formatRow(rooms: Rooms, group: EnrollmentGroup, known: Known): Promise<GroupRow> {
  const slots = await Promise.all([rooms.certificates.load(group, 'primary'), rooms.certificates.load(group, 'secondary')]);
  const certificates = slots.filter((certificate) => certificate !== undefined);
  return {
    id: group.groupId,
    displayName: group.displayName,
    type: group.type,
    enabled: group.isEnabled,
    attestationType: group.attestation.type,
    certificateState: stateOf(certificates),
    deviceCount: known.counts.get(group.groupId) ?? 0,
    refusalCount: countGroupRefusals(known.refusals, { groupId: group.groupId, certificates }),
    automaticallyConnect: await rooms.groups.connectsAutomatically(group.groupId),
  };
}

function stateOf(certificates: readonly { isVerified: boolean }[]): GroupRow['certificateState'] {
  if (certificates.length === 0) return 'None';
  return certificates.some((certificate) => certificate.isVerified) ? 'Verified' : 'Unverified';
}
