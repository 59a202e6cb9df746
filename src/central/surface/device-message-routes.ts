import { formatInstant } from '#base/instant.ts';
import { type DeviceMessageQueued, deviceMessagePostSchema } from '../contract/ui-device-message.ts';
import { type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** Messages that people send to devices of a hub. */
export function buildDeviceMessageRoutes(rooms: { hubs: Pick<PortalHubs, 'find'> }): CentralRoute[] {
  return [
    centralRoute({
      method: 'POST',
      path: '/api/ui/hubs/:hub/devices/:deviceId/messages',
      permission: 'hub-devices.write',
      summary: 'Queue a message for a device. It waits until the device completes it.',
      body: deviceMessagePostSchema,
      async handle({ params: { hub, deviceId = '' }, body }) {
        const { cloudToDevice } = requireHub(rooms.hubs, hub);
        const { properties: application, messageId } = body;
        const queued = await cloudToDevice.send(deviceId, { messageId, application, body: Buffer.from(body.body) });
        const json: DeviceMessageQueued = {
          expiresAt: formatInstant(queued.expiresAt),
          waiting: await cloudToDevice.count(deviceId),
        };
        return { status: 201, json };
      },
    }),
  ];
}
