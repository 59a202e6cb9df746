import { Problem } from '#base/problem.ts';
import { askedMethod, versionOnly } from '../contract/service-requests.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Direct methods (hub-service-protocol.md 4.5). The device's own status never is the answer's. */
export function methodRoutes({ registry, methods }: ServiceRooms): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/twins/:deviceId/methods',
      permission: 'ServiceConnect',
      summary: 'Calls a method of a device and waits for its answer',
      query: versionOnly,
      body: askedMethod,
      async handle({ caller, body }) {
        const responseSeconds = body.responseTimeoutInSeconds ?? body.timeoutInSeconds;
        const { status, payload } = await methods.invoke(caller.deviceId, {
          methodName: body.methodName,
          payload: body.payload ?? null,
          ...(responseSeconds == null ? {} : { responseTimeoutSeconds: responseSeconds }),
          ...(body.connectTimeoutInSeconds == null ? {} : { connectTimeoutSeconds: body.connectTimeoutInSeconds }),
        });
        return { json: { status, payload } };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/twins/:deviceId/modules/:moduleId/methods',
      permission: 'ServiceConnect',
      summary: 'Calls a method of a module: there is none',
      query: versionOnly,
      async handle({ caller: { deviceId }, params }) {
        await registry.require(deviceId);
        throw new Problem('not-found', `The device ${deviceId} has no module ${params.moduleId}.`, {
          reason: 'module-not-found',
        });
      },
    }),
  ];
}
