import { quoteEtag } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import { askedTwin, versionOnly } from '../contract/service-requests.ts';
import { formatTwin, type Twin } from '../twins/twin.ts';
import { connectionState, formatThumbprints, formatTime } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';
import { ownedOf } from './service-twin.ts';

/** Device twins (hub-service-protocol.md 4.4). */
export function twinRoutes({ registry, presence, twins }: ServiceRooms): ServiceRoute[] {
  const answer = async (twin: Twin): Promise<Reply> => {
    const [device, state] = await Promise.all([registry.require(twin.deviceId), presence.load(twin.deviceId)]);
    const { deviceId, etag, ...rest } = formatTwin(twin);
    return {
      headers: { etag: quoteEtag(twin.etag) },
      json: {
        deviceId,
        etag,
        deviceEtag: device.etag,
        status: device.isEnabled ? 'enabled' : 'disabled',
        statusReason: device.statusReason ?? null,
        statusUpdateTime: formatTime(device.statusUpdatedAt),
        connectionState: connectionState(state),
        lastActivityTime: formatTime(state?.since),
        cloudToDeviceMessageCount: 0,
        authenticationType: device.authentication.type,
        x509Thumbprint: formatThumbprints(device.authentication),
        ...rest,
        capabilities: { iotEdge: false },
        parentScopes: [],
      },
    };
  };
  return [
    serviceRoute({
      method: 'GET',
      path: '/twins/:deviceId',
      permission: 'ServiceConnect',
      summary: 'A device’s twin',
      query: versionOnly,
      handle: async ({ caller }) => answer(await twins.load(caller.deviceId)),
    }),
    serviceRoute({
      method: 'PATCH',
      path: '/twins/:deviceId',
      permission: 'ServiceConnect',
      summary: 'Merges tags and desired properties',
      query: versionOnly,
      body: askedTwin,
      async handle({ caller: { deviceId }, headers, body }) {
        return answer(await twins.patchOwned(deviceId, ownedOf(body), headers['if-match']));
      },
    }),
    serviceRoute({
      method: 'PUT',
      path: '/twins/:deviceId',
      permission: 'ServiceConnect',
      summary: 'Replaces tags and desired properties',
      query: versionOnly,
      body: askedTwin,
      async handle({ caller: { deviceId }, headers, body }) {
        const { tags = {}, desired = {} } = ownedOf(body);
        return answer(await twins.replaceOwned(deviceId, { tags, desired }, headers['if-match']));
      },
    }),
    ...(['GET', 'PATCH', 'PUT'] as const).map((method) =>
      serviceRoute({
        method,
        path: '/twins/:deviceId/modules/:moduleId',
        permission: 'ServiceConnect',
        summary: 'A module’s twin: there is none',
        query: versionOnly,
        async handle({ caller: { deviceId }, params }) {
          await registry.require(deviceId);
          throw new Problem('not-found', `The device ${deviceId} has no module ${params.moduleId}.`, {
            reason: 'module-not-found',
          });
        },
      }),
    ),
  ];
}
