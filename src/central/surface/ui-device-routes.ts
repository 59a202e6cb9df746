import { formatInstant, type Instant } from '#base/instant.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceDetail } from '../contract/ui-devices.ts';
import type { DeviceRows } from '../devices/device-rows.ts';
import type { Devices } from '../devices/devices.ts';
import { formatDeviceRow, formatModel } from './format-device-row.ts';
import { type CentralRoute, centralRoute } from './route.ts';

type Rooms = {
  devices: Devices;
  rows: DeviceRows;
  refusals: Pick<RefusalLog, 'count'>;
  presence: { load(deviceId: string): Promise<{ isConnected: boolean; since: Instant; cause?: string } | undefined> };
};

/** What one list answers; more devices than a table can show are found by search and by the public API's pages. */
const rowsMax = 10_000;

/** `/api/ui/devices`: devices as the app's list and page show them. */
export function buildUiDeviceRoutes(rooms: Rooms): CentralRoute[] {
  const { devices, rows } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices',
      permission: 'devices.read',
      summary: 'Devices with status word, template name and connection.',
      async handle() {
        const list = await devices.list(undefined, rowsMax);
        return { json: { value: (await Promise.all(list.map((device) => rows.view(device)))).map(formatDeviceRow) } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices/:deviceId',
      permission: 'devices.read',
      summary: 'A device, what it can do, its connection, and how often it was refused.',
      async handle({ params }) {
        const device = await devices.require(params.deviceId ?? '');
        const { deviceId } = device;
        const [view, model, presence, refusals] = await Promise.all([
          rows.view(device),
          devices.modelOf(deviceId),
          rooms.presence.load(deviceId),
          rooms.refusals.count({ subject: deviceId }),
        ]);
        const json: DeviceDetail = {
          device: formatDeviceRow(view),
          ...(model ? { model: formatModel(model) } : {}),
          connection: {
            isConnected: view.isConnected,
            ...(presence ? { changedAt: formatInstant(presence.since) } : {}),
            ...(presence?.cause === undefined ? {} : { cause: presence.cause }),
          },
          refusals,
        };
        return { json };
      },
    }),
  ];
}
