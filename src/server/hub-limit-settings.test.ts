import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings, SettingsError } from '#base/settings.ts';
import { defaultHubLimits } from '#hub/hub-limits.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import { serverSettings } from './config.ts';
import { hubLimitsOf } from './hub-limit-settings.ts';
import { listenerLimitsOf } from './listener-limits.ts';

const resolve = (text = '') => resolveSettings(serverSettings, { file: { name: 'f.toml', text } }).values;

test('without a setting the limits are the cloud’s, which are those that the rooms have by themselves', () => {
  assert.deepEqual(hubLimitsOf(resolve()), defaultHubLimits);
  const { mqttPayloadBytesMax, mqttKeepAliveMsMax, mqttInFlightMax, mqttFiltersPerPacketMax } = listenerLimitsOf(resolve());
  assert.deepEqual(
    [mqttPayloadBytesMax, mqttKeepAliveMsMax, mqttInFlightMax, mqttFiltersPerPacketMax],
    [
      defaultMqttLimits.payloadBytesMax,
      defaultMqttLimits.keepAliveMsMax,
      defaultMqttLimits.outboundInflightMax,
      defaultMqttLimits.filtersPerPacketMax,
    ],
  );
});

test('each setting moves one limit, in the unit of its room', () => {
  const limits = hubLimitsOf(
    resolve(
      '[hub.limits]\ntelemetryBytesMax = 2048\ncloudToDeviceMinutesMax = 10\ntwinDesiredSizeMax = 65536\nmodulesPerDeviceMax = 3',
    ),
  );
  assert.equal(limits.messages.telemetryBytesMax, 2_048);
  assert.equal(limits.cloudToDevice.timeToLiveMsMax, 600_000);
  assert.equal(limits.twins.desiredSizeMax, 65_536);
  assert.equal(limits.twins.patchBytesMax, 8 * 65_536, 'a whole section must fit into a patch');
  assert.equal(limits.registry.modulesPerDeviceMax, 3);
  assert.equal(listenerLimitsOf(resolve('[hub.limits]\ntelemetryBytesMax = 2048')).mqttPayloadBytesMax, 2_048);
});

test('a value outside what can be kept, or a name that is none, is an error that says so', () => {
  const wrong = (text: string, message: RegExp) =>
    assert.throws(
      () => resolve(`[hub.limits]\n${text}`),
      (error) => error instanceof SettingsError && message.test(error.message),
    );
  wrong(
    'telemetryBytesMax = 1000000',
    /hub\.limits\.telemetryBytesMax \(from f\.toml\) must be a whole number from 1024 to 524288/,
  );
  wrong('twinDepthMax = "deep"', /hub\.limits\.twinDepthMax .* must be a whole number from 1 to 30, not "deep"/);
  wrong('twinDeptMax = 5', /no setting hub\.limits\.twinDeptMax .* Did you mean hub\.limits\.twinDepthMax\?/);
});
