import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import { formatConnectionString } from '#wire/azure/connection-string.ts';
import type { HubPolicyKeys } from '../contract/ui-hub-overview.ts';
import { type PortalHub, type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** What clients of AMQP over TLS take for granted. */
const amqpPortDefault = 5671;

/** `/api/ui/hubs/{hub}/policies`: the shared access policies that back ends sign in with. */
export function buildHubPolicyRoutes({ hubs }: { hubs: Pick<PortalHubs, 'find'> }): CentralRoute[] {
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/policies',
      permission: 'hub-devices.read',
      summary: 'The shared access policies of a hub and what each allows. Without their keys.',
      async handle({ params }) {
        const policies = requireHub(hubs, params.hub).policies.list();
        return { json: { value: policies.map(({ name, rights }) => ({ name, rights: [...rights] })) } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/policies/:policy/keys',
      // Whoever reads the keys can be the back end, also when nobody is signed in any more.
      permission: 'hubs.write',
      summary: 'The keys of a shared access policy, and the connection strings that hold them.',
      async handle({ params }) {
        const hub = requireHub(hubs, params.hub);
        const policy = hub.policies.find(params.policy ?? '');
        if (!policy) throw new Problem('not-found', `There is no policy ${(params.policy ?? '').slice(0, 64)}.`);
        return { json: formatKeys(hub, policy) };
      },
    }),
  ];
}

function formatKeys(
  { hostName, eventsEndpoint }: Pick<PortalHub, 'hostName' | 'eventsEndpoint'>,
  { name, rights, primaryKey, secondaryKey }: NonNullable<ReturnType<PortalHub['policies']['find']>>,
): HubPolicyKeys {
  const both = (format: (key: string) => string) => ({ primary: format(primaryKey), secondary: format(secondaryKey) });
  const port = eventsEndpoint.redirectPort();
  const address = `sb://${eventsEndpoint.hostName}${port === amqpPortDefault ? '' : `:${port}`}/`;
  const forEvents = (key: string) =>
    `Endpoint=${address};SharedAccessKeyName=${name};SharedAccessKey=${key};EntityPath=${eventsEndpoint.entity}`;
  return {
    keys: both((key) => key),
    connectionStrings: both((key) =>
      formatConnectionString({ hostName, sharedAccessKeyName: name, sharedAccessKey: new Secret(key) }),
    ),
    ...(rights.has('ServiceConnect') && { eventConnectionStrings: both(forEvents) }),
  };
}
