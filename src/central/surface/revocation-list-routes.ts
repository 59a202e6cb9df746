import type { RevocationList, RevocationLists } from '#authorities/revocation-lists.ts';
import type { RevocationSources } from '#authorities/revocation-sources.ts';
import { formatInstant } from '#base/instant.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { certificateFileOf } from '../connection/certificate-text.ts';
import type { GroupCertificates, SigningCertificate } from '../connection/group-certificates.ts';
import {
  type RevocationLists as RevocationListsBody,
  revocationListCharsMax,
  revocationListPutSchema,
} from '../contract/certificates.ts';
import { groupOf, slotOf } from './certificate-routes.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Rooms = {
  certificates: GroupCertificates;
  revocationLists: Pick<RevocationLists, 'add' | 'listOf' | 'hasEnded'>;
  revocationSources: Pick<RevocationSources, 'find'>;
};

/** `/api/ui/…/certificates/{primary|secondary}/revocationList`: what a group's CA has taken back. */
export function buildRevocationListRoutes(rooms: Rooms): CentralRoute[] {
  const { certificates, revocationLists, revocationSources } = rooms;
  const path = '/api/ui/enrollmentGroups/:groupId/certificates/:entry/revocationList';

  function format(ca: SigningCertificate): RevocationListsBody {
    const source = revocationSources.find(ca.sha256Thumbprint);
    return {
      value: revocationLists.listOf(parseCertificate(ca.der)).map((list) => ({
        ...formatList(list),
        hasEnded: revocationLists.hasEnded(list),
      })),
      ...(source && {
        source: {
          url: source.url,
          ...(source.askedAt !== undefined && { askedAt: formatInstant(source.askedAt) }),
          ...(source.failure !== undefined && { failure: source.failure }),
        },
      }),
    };
  }

  return [
    centralRoute({
      method: 'GET',
      path,
      permission: 'groups.read',
      summary: 'The revocation list of a signing certificate of a group.',
      handle: async ({ params }) => ({ json: format(await certificates.require(groupOf(params), slotOf(params))) }),
    }),
    centralRoute({
      method: 'PUT',
      path,
      permission: 'groups.write',
      summary: 'Upload the revocation list of a signing certificate. Devices that it names are sent away at once.',
      body: revocationListPutSchema,
      bodyBytesMax: revocationListCharsMax + 1024,
      async handle({ caller, params, body }) {
        const ca = await certificates.require(groupOf(params), slotOf(params));
        certificates.requireVerified(ca);
        const { displayName: by } = requireUser(caller);
        await revocationLists.add(certificateFileOf(body.list), { by, expected: parseCertificate(ca.der) });
        return { json: format(ca) };
      },
    }),
  ];
}

function formatList({ crl, addedBy, addedAt }: RevocationList) {
  const { thisUpdate, nextUpdate, entries } = crl;
  return {
    thisUpdate: formatInstant(thisUpdate),
    ...(nextUpdate !== undefined && { nextUpdate: formatInstant(nextUpdate) }),
    entries: entries.size,
    addedBy,
    addedAt: formatInstant(addedAt),
  };
}
