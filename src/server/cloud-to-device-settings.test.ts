import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '#base/settings.ts';
import { defaultCloudToDeviceSettings } from '#hub/cloud-to-device/limits.ts';
import { cloudToDeviceSettingsOf } from './cloud-to-device-settings.ts';
import { serverSettings } from './config.ts';

const settingsOf = (flags: Record<string, unknown> = {}) =>
  cloudToDeviceSettingsOf(resolveSettings(serverSettings, { flags }).values);

test('what the configuration says of messages to devices by default is what a hub does by itself', () => {
  assert.deepEqual(settingsOf(), defaultCloudToDeviceSettings);
});

test('each setting reaches the hub in the units of its rooms', () => {
  const flags = {
    'cloudToDevice.timeToLiveMinutes': 2,
    'cloudToDevice.deliveryCountMax': 3,
    'cloudToDevice.lockSeconds': 5,
    'cloudToDevice.feedbackTimeToLiveMinutes': 7,
    'cloudToDevice.feedbackDeliveryCountMax': 11,
    'cloudToDevice.feedbackLockSeconds': 13,
  };
  assert.deepEqual(settingsOf(flags), {
    timeToLiveMs: 120_000,
    deliveryCountMax: 3,
    lockMs: 5_000,
    feedbackTimeToLiveMs: 420_000,
    feedbackDeliveryCountMax: 11,
    feedbackLockMs: 13_000,
  });
});
