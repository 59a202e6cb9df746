import { quoteEtag } from '#base/etag.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import { askedIdentity, listQuery, versionOnly } from '../contract/service-requests.ts';
import type { Device } from '../registry/device.ts';
import { formatIdentity, parseIdentity } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** At most this many identities in one answer, and as many when `top` says nothing sensible (4.1). */
const listMax = 1_000;

/** Device identities (hub-service-protocol.md 4.1). */
export function registryRoutes({ registry, presence, cloudToDevice }: ServiceRooms): ServiceRoute[] {
  const answer = async (device: Device): Promise<Reply> => ({
    headers: { etag: quoteEtag(device.etag) },
    json: formatIdentity(device, await presence.load(device.deviceId), await cloudToDevice.count(device.deviceId)),
  });
  return [
    serviceRoute({
      method: 'GET',
      path: '/devices',
      permission: 'RegistryRead',
      summary: 'Device identities, at most `top` of them and at most 1000',
      query: listQuery,
      async handle({ query }) {
        const top = Number(query.top ?? listMax);
        const devices = await registry.list({ limit: top >= 1 && top <= listMax ? top : listMax });
        const ids = devices.map(({ deviceId }) => deviceId);
        const [states, counts] = await Promise.all([presence.loadMany(ids), cloudToDevice.countMany(ids)]);
        return {
          json: devices.map((device) => formatIdentity(device, states.get(device.deviceId), counts.get(device.deviceId) ?? 0)),
        };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/devices/:deviceId',
      permission: 'RegistryRead',
      summary: 'A device identity with its keys',
      query: versionOnly,
      handle: async ({ caller }) => answer(await registry.require(caller.deviceId)),
    }),
    serviceRoute({
      method: 'PUT',
      path: '/devices/:deviceId',
      permission: 'RegistryWrite',
      summary: 'Creates a device identity, or with If-Match changes one',
      query: versionOnly,
      body: askedIdentity,
      async handle({ caller: { deviceId }, headers, body }) {
        if (body.deviceId != null && body.deviceId !== deviceId) {
          throw new Problem('argument-invalid', 'The path names another device than the body.');
        }
        const change = parseIdentity(body);
        const ifMatch = headers['if-match'];
        if (ifMatch !== undefined) return answer(await registry.update(deviceId, change, ifMatch));
        const { authentication = { type: 'sas' }, ...rest } = change;
        return answer(await registry.create({ deviceId, authentication, ...rest }));
      },
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/devices/:deviceId',
      permission: 'RegistryWrite',
      summary: 'Deletes a device identity with its twin and ends its session',
      query: versionOnly,
      async handle({ caller, headers }) {
        await registry.delete(caller.deviceId, headers['if-match']);
        return { status: 204 };
      },
    }),
  ];
}
