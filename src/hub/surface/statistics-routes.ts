import { versionOnly } from '../contract/service-requests.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** How many devices there are, and how many of them are here (hub-service-protocol.md 4). */
export function statisticsRoutes({ registry, presence }: ServiceRooms): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'GET',
      path: '/statistics/devices',
      permission: 'RegistryRead',
      summary: 'Identities: all, enabled, disabled',
      query: versionOnly,
      async handle() {
        const { total, enabled } = await registry.count();
        return { json: { totalDeviceCount: total, enabledDeviceCount: enabled, disabledDeviceCount: total - enabled } };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/statistics/service',
      permission: 'RegistryRead',
      summary: 'Devices that are connected',
      query: versionOnly,
      handle: async () => ({ json: { connectedDeviceCount: presence.connectedCount } }),
    }),
  ];
}
