import { formatInstant } from '#base/instant.ts';
import type { DeviceModelBody, DeviceRow } from '../contract/ui-devices.ts';
import type { DeviceView } from '../devices/device-rows.ts';
import type { DeviceModel } from '../templates/device-model.ts';

/** A device as the app's lists and events show it. */
export function formatDeviceRow(view: DeviceView): DeviceRow {
  const { device, template, templateHint, lastSeenAt } = view;
  return {
    id: device.deviceId,
    displayName: device.displayName,
    status: view.status,
    ...(template === undefined ? {} : { template }),
    isConnected: view.isConnected,
    ...(lastSeenAt === undefined ? {} : { lastSeenAt: formatInstant(lastSeenAt) }),
    simulated: device.isSimulated,
    ...(device.assurance === undefined ? {} : { assurance: device.assurance }),
    ...(device.enrollmentGroupId === undefined ? {} : { enrollmentGroupId: device.enrollmentGroupId }),
    ...(templateHint === undefined ? {} : { templateHint }),
  };
}

/** A device's model as forms and charts read it. How a desired value travels is not their business. */
export function formatModel(model: DeviceModel): DeviceModelBody {
  return {
    id: model.id,
    displayName: model.displayName,
    telemetry: [...model.telemetry],
    properties: model.properties.map(({ desiredIsWrapped: _, ...property }) => property),
    commands: [...model.commands],
  };
}
