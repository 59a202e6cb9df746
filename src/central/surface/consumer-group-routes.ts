import { formatInstant } from '#base/instant.ts';
import { type ConsumerGroup, consumerGroupPostSchema } from '../contract/ui-hub-overview.ts';
import { type PortalHub, type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

type Group = ReturnType<PortalHub['eventsEndpoint']['groups']['list']>[number];

/** `/api/ui/hubs/{hub}/consumer-groups`: who reads a hub's events apart from the others. */
export function buildConsumerGroupRoutes({ hubs }: { hubs: Pick<PortalHubs, 'find'> }): CentralRoute[] {
  const groupsOf = (params: Readonly<Record<string, string>>) => requireHub(hubs, params.hub).eventsEndpoint.groups;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/consumer-groups',
      permission: 'hub-devices.read',
      summary: 'The consumer groups of a hub.',
      handle: async ({ params }) => ({ json: { value: groupsOf(params).list().map(format) } }),
    }),
    centralRoute({
      method: 'POST',
      path: '/api/ui/hubs/:hub/consumer-groups',
      permission: 'hubs.write',
      summary: 'Add a consumer group.',
      body: consumerGroupPostSchema,
      handle: async ({ params, body }) => ({ status: 201, json: format(await groupsOf(params).create(body.name)) }),
    }),
    centralRoute({
      method: 'DELETE',
      path: '/api/ui/hubs/:hub/consumer-groups/:group',
      permission: 'hubs.write',
      summary: 'Delete a consumer group; its readers are sent away.',
      async handle({ params }) {
        await groupsOf(params).delete(params.group ?? '');
        return { status: 204 };
      },
    }),
  ];
}

function format({ name, createdAt }: Group): ConsumerGroup {
  return { name, createdAt: formatInstant(createdAt), isAlwaysThere: name === '$Default' };
}
