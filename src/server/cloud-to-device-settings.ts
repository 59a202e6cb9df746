import { minuteMs, secondMs } from '#base/instant.ts';
import type { CloudToDeviceSettings } from '#hub/cloud-to-device/limits.ts';
import type { ServerSettings } from './config.ts';

/** What hubs do with messages to devices, in the units that their rooms count in. */
export function cloudToDeviceSettingsOf(settings: ServerSettings): CloudToDeviceSettings {
  return {
    timeToLiveMs: settings['cloudToDevice.timeToLiveMinutes'] * minuteMs,
    deliveryCountMax: settings['cloudToDevice.deliveryCountMax'],
    lockMs: settings['cloudToDevice.lockSeconds'] * secondMs,
    feedbackTimeToLiveMs: settings['cloudToDevice.feedbackTimeToLiveMinutes'] * minuteMs,
    feedbackDeliveryCountMax: settings['cloudToDevice.feedbackDeliveryCountMax'],
    feedbackLockMs: settings['cloudToDevice.feedbackLockSeconds'] * secondMs,
  };
}
