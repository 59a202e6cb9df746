import { quoteEtag } from '#base/etag.ts';
import type { Reply } from '#wire/http/route.ts';
import { askedTwin, versionOnly } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import { backEnds } from '../quotas/quotas.ts';
import type { Twin } from '../twins/twin.ts';
import { formatTwinDocument } from '../twins/twin-document.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceCall, type ServiceRoute, serviceRoute } from './service-route.ts';
import { ownedOf } from './service-twin.ts';

/** Twins of devices and of modules (hub-service-protocol.md 4.4). */
export function twinRoutes({ registry, presence, twins, cloudToDevice, configurations, quotas }: ServiceRooms): ServiceRoute[] {
  const answer = async (twin: Twin): Promise<Reply> => {
    const { deviceId, moduleId } = twin;
    const name = identityName(twin);
    const [device, state, messageCount, statuses] = await Promise.all([
      registry.require(deviceId),
      presence.load(name),
      cloudToDevice.count(name),
      configurations.statusesOf([name]),
    ]);
    const owner = moduleId === undefined ? device : await registry.modules.require(deviceId, moduleId);
    return {
      headers: { etag: quoteEtag(twin.etag) },
      json: formatTwinDocument({ twin, device, owner, presence: state, messageCount, configurations: statuses.get(name) }),
    };
  };
  /** Whose twin the path names. Throws what tells an unknown device from an unknown module. */
  const named = async ({ deviceId }: ServiceCall, { moduleId }: Readonly<Record<string, string>>): Promise<string> => {
    if (moduleId !== undefined) await registry.modules.require(deviceId, moduleId);
    return identityName({ deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
  };
  const routes = (path: string, whose: string): ServiceRoute[] => [
    serviceRoute({
      method: 'GET',
      path,
      permission: 'ServiceConnect',
      summary: `${whose} twin`,
      query: versionOnly,
      async handle({ caller, params }) {
        quotas.take('twinReads', backEnds);
        return answer(await twins.load(await named(caller, params)));
      },
    }),
    serviceRoute({
      method: 'PATCH',
      path,
      permission: 'ServiceConnect',
      summary: `Merges tags and desired properties of ${whose} twin`,
      query: versionOnly,
      body: askedTwin,
      async handle({ caller, params, headers, body }) {
        quotas.take('twinUpdates', backEnds);
        return answer(await twins.patchOwned(await named(caller, params), ownedOf(body), headers['if-match']));
      },
    }),
    serviceRoute({
      method: 'PUT',
      path,
      permission: 'ServiceConnect',
      summary: `Replaces tags and desired properties of ${whose} twin`,
      query: versionOnly,
      body: askedTwin,
      async handle({ caller, params, headers, body }) {
        quotas.take('twinUpdates', backEnds);
        const { tags = {}, desired = {} } = ownedOf(body);
        return answer(await twins.replaceOwned(await named(caller, params), { tags, desired }, headers['if-match']));
      },
    }),
  ];
  return [...routes('/twins/:deviceId', 'a device’s'), ...routes('/twins/:deviceId/modules/:moduleId', 'a module’s')];
}
