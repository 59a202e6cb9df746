import { requireDeviceId, requireModuleId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import { askedKeys, versionOnly } from '../contract/service-requests.ts';
import { regenerateKeys } from '../registry/regenerate-keys.ts';
import { requireOrdinary } from './module-routes.ts';
import { serviceErrorOf } from './service-errors.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** New keys for up to 100 identities (hub-service-protocol.md 4.3), one after the other; what fails does not undo the rest. */
export function keyRoutes(platform: Platform, { registry }: Pick<ServiceRooms, 'registry'>): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/devices/keys/regenerate',
      permission: 'RegistryWrite',
      summary: 'Gives devices and modules new keys',
      query: versionOnly,
      body: askedKeys,
      async handle({ body: { policyKey, devices }, trackingId }) {
        const rotatedKeys = [];
        const errors = [];
        for (const { id, moduleId: module } of devices) {
          const moduleId = module ?? null;
          try {
            const name = { deviceId: requireDeviceId(id), ...(moduleId === null ? {} : { moduleId: requireModuleId(moduleId) }) };
            if (moduleId !== null) requireOrdinary(moduleId);
            const keys = await regenerateKeys(registry, platform.random, { ...name, slots: policyKey });
            rotatedKeys.push({ id, moduleId, ...keys });
          } catch (error) {
            const problem = asProblem(error);
            if (problem.code === 'internal') {
              platform.log.error('keys.renewal-failed', { trackingId, deviceId: id, cause: String(problem.cause) });
            }
            errors.push({ id, moduleId, errorCode: serviceErrorOf(problem).name, errorStatus: problem.message });
          }
        }
        const status = errors.length === 0 ? 200 : rotatedKeys.length === 0 ? 400 : 207;
        const changed = rotatedKeys.map(({ id, moduleId }) => (moduleId === null ? id : `${id}/${moduleId}`));
        return { status, changed, json: { policyKey, rotatedKeys, errors } };
      },
    }),
  ];
}
