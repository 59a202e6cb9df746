import { ignoredBody, versionOnly } from '../contract/service-requests.ts';
import { formatRegistration } from './bodies.ts';
import { replyPage } from './query-page.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** What became of devices that registered (dps-service-protocol.md 3). */
export function registrationRoutes({ registrations, groups }: ServiceRooms): ServiceRoute[] {
  const common = { query: versionOnly } as const;
  return [
    serviceRoute({
      ...common,
      method: 'GET',
      path: '/registrations/:registrationId',
      permission: 'RegistrationStatusRead',
      summary: 'What became of the last registration of a device',
      async handle({ params }) {
        return { json: formatRegistration(await registrations.require(params.registrationId ?? '')) };
      },
    }),
    serviceRoute({
      ...common,
      method: 'DELETE',
      path: '/registrations/:registrationId',
      permission: 'RegistrationStatusWrite',
      summary: 'Forgets the registration of a device; its identity at the hub stays',
      async handle({ params, headers }) {
        await registrations.delete(params.registrationId ?? '', headers['if-match']);
        return { status: 204 };
      },
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/registrations/:id/query',
      readsOnly: true,
      permission: 'RegistrationStatusRead',
      summary: 'The registrations of an enrollment group, or the one of a device, page by page',
      body: ignoredBody,
      async handle({ params, headers }) {
        const id = params.id ?? '';
        const group = await groups.load(id);
        const single = group ? undefined : await registrations.load(id);
        return replyPage(
          headers,
          'deviceRegistration',
          async (page) => (group ? registrations.page(group.groupId, page) : single && page.after === '' ? [single] : []),
          ({ registrationId }) => registrationId,
          formatRegistration,
        );
      },
    }),
  ];
}
