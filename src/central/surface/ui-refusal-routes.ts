import { Problem } from '#base/problem.ts';
import { describeRefusal } from '#storage/describe-refusal.ts';
import type { KeptRefusal, RefusalLog } from '#storage/refusal-log.ts';
import { meaningOf } from '#trust/refusal-meanings.ts';
import type { ConnectionGroups } from '../connection/connection-groups.ts';
import type { GroupCertificates } from '../connection/group-certificates.ts';
import { isAboutGroup } from '../connection/group-refusals.ts';
import { type RefusalBody, refusalsQuerySchema } from '../contract/ui-refusals.ts';
import { type CentralRoute, centralRoute } from './route.ts';
import { groupRefusalsMax } from './ui-group-routes.ts';

const limitDefault = 100;

type Rooms = {
  refusals: Pick<RefusalLog, 'list' | 'load'>;
  groups: Pick<ConnectionGroups, 'require'>;
  certificates: Pick<GroupCertificates, 'load'>;
};

/** `/api/ui/refusals`: why was my device refused. */
export function buildUiRefusalRoutes(rooms: Rooms): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/refusals',
      permission: 'refusals.read',
      summary: 'Refused sign-ins, registrations, attestations and proofs, newest first.',
      query: refusalsQuerySchema,
      async handle({ query }) {
        const { service, subject, hub, group, limit = limitDefault } = query;
        const filter = {
          ...(service === undefined ? {} : { service }),
          ...(subject === undefined ? {} : { subject }),
          ...(hub === undefined ? {} : { hub }),
        };
        const rows =
          group === undefined
            ? await rooms.refusals.list({ ...filter, limit })
            : (await listOfGroup(rooms, group, filter)).slice(0, limit);
        return { json: { value: rows.map((row): RefusalBody => describeRefusal(row, meaningOf)) } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/refusals/:refusalId',
      permission: 'refusals.read',
      summary: 'One refusal: what was checked, the chain, the clock, what comes nearest, and the fix.',
      async handle({ params }) {
        const row = await rooms.refusals.load(params.refusalId ?? '');
        if (!row) throw new Problem('not-found', 'There is no refusal of this id; they are kept for 30 days.');
        const json: RefusalBody = describeRefusal(row, meaningOf);
        return { json };
      },
    }),
  ];
}

/** Those that the group's own page counts. */
async function listOfGroup(rooms: Rooms, groupId: string, filter: { subject?: string }): Promise<KeptRefusal[]> {
  const group = await rooms.groups.require(groupId);
  const slots = await Promise.all([rooms.certificates.load(group, 'primary'), rooms.certificates.load(group, 'secondary')]);
  const certificates = slots.filter((certificate) => certificate !== undefined);
  const rows = await rooms.refusals.list({ ...filter, service: 'provisioning', limit: groupRefusalsMax });
  return rows.filter((row) => isAboutGroup(row, { groupId, certificates }));
}
