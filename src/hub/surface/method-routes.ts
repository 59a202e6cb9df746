import type { Json } from '#base/json.ts';
import { type AskedMethod, askedMethod, versionOnly } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import { methodRequestOf } from './method-request.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Direct methods (hub-service-protocol.md 4.5). The device's own status never is the answer's. */
export function methodRoutes({ methods }: Pick<ServiceRooms, 'methods'>): ServiceRoute[] {
  async function invoke(identity: string, body: AskedMethod): Promise<{ json: { status: number; payload: Json } }> {
    const { status, payload } = await methods.invoke(identity, methodRequestOf(body));
    return { json: { status, payload } };
  }
  return [
    serviceRoute({
      method: 'POST',
      path: '/twins/:deviceId/methods',
      permission: 'ServiceConnect',
      summary: 'Calls a method of a device and waits for its answer',
      query: versionOnly,
      body: askedMethod,
      handle: ({ caller, body }) => invoke(caller.deviceId, body),
    }),
    serviceRoute({
      method: 'POST',
      path: '/twins/:deviceId/modules/:moduleId/methods',
      permission: 'ServiceConnect',
      summary: 'Calls a method of a module and waits for its answer',
      query: versionOnly,
      body: askedMethod,
      handle: ({ caller: { deviceId }, params: { moduleId = '' }, body }) => invoke(identityName({ deviceId, moduleId }), body),
    }),
  ];
}
