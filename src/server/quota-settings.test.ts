import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteMs, secondMs } from '#base/instant.ts';
import { resolveSettings, SettingsError } from '#base/settings.ts';
import { ratesOfTier } from '#hub/quotas/rates.ts';
import { serverSettings } from './config.ts';
import { quotaSettingsOf } from './quota-settings.ts';

const quotasOf = (text: string) => quotaSettingsOf(resolveSettings(serverSettings, { file: { name: 'f.toml', text } }).values);

test('nobody is throttled unless a setting says so', () => {
  assert.deepEqual(quotasOf(''), { hub: {}, device: {}, patienceMs: 300 * secondMs });
});

test('a tier stands for its rates, and a number for the one that it names', () => {
  const text =
    '[hub]\nthrottling = "S2"\nthrottlingUnits = 3\n[hub.rates]\ntwinReadsPerSecond = 7\nmethodKibibytesPerSecond = 40';
  const { hub, device } = quotasOf(text);
  assert.deepEqual(hub, {
    ...ratesOfTier('S2', 3),
    twinReads: { count: 7, perMs: secondMs },
    methods: { count: 10, perMs: secondMs },
  });
  assert.deepEqual(device, {});
});

test('numbers of one’s own need no tier, and each device may have its own', () => {
  const { hub, device } = quotasOf('[hub.rates]\ntelemetryPerSecond = 500\n[hub.deviceRates]\ncloudToDevicePerMinute = 30');
  assert.deepEqual(hub, { telemetry: { count: 500, perMs: secondMs } });
  assert.deepEqual(device, { cloudToDevice: { count: 30, perMs: minuteMs } });
});

test('what is no tier, no number or no rate is an error that says so', () => {
  const wrong = (text: string, message: RegExp) =>
    assert.throws(
      () => quotasOf(text),
      (error) => error instanceof SettingsError && message.test(error.message),
    );
  wrong('[hub]\nthrottling = "S4"', /hub\.throttling \(from f\.toml\) must be one of off, S1, S2, S3, not "S4"/);
  wrong('[hub]\nthrottlingUnits = 0', /hub\.throttlingUnits \(from f\.toml\) must be a whole number from 1 to 10000, not 0/);
  wrong('[hub.deviceRates]\ntelemetryPerSecond = -1', /hub\.deviceRates\.telemetryPerSecond .* must be a whole number from 0 /);
  wrong(
    '[hub.rates]\ntwinReadPerSecond = 1',
    /no setting hub\.rates\.twinReadPerSecond .* Did you mean hub\.rates\.twinReadsPerSecond\?/,
  );
});
