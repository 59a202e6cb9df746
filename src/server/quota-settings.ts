import { minuteMs, secondMs } from '#base/instant.ts';
import type { SettingField } from '#base/settings.ts';
import { methodMeterBytes, type Operation, operations, type QuotaSettings, type Rate, ratesOfTier } from '#hub/quotas/rates.ts';
import type { ServerSettings } from './config.ts';

/** What a rate's setting counts, and in which period. A meter's step stands for so many KiB. */
const units = {
  connections: { name: 'connectionsPerSecond', perMs: secondMs, each: 1, what: 'New connections over MQTT and AMQP in a second' },
  telemetry: { name: 'telemetryPerSecond', perMs: secondMs, each: 1, what: 'Messages from devices in a second' },
  cloudToDevice: { name: 'cloudToDevicePerMinute', perMs: minuteMs, each: 1, what: 'Messages sent to devices in a minute' },
  receives: { name: 'receivesPerMinute', perMs: minuteMs, each: 1, what: 'Receive calls over HTTPS in a minute' },
  fileUploads: { name: 'fileUploadsPerMinute', perMs: minuteMs, each: 1, what: 'File uploads begun in a minute' },
  methods: {
    name: 'methodKibibytesPerSecond',
    perMs: secondMs,
    each: methodMeterBytes / 1024,
    what: 'KiB of method payloads in a second, each call rounded up to 4',
  },
  twinReads: { name: 'twinReadsPerSecond', perMs: secondMs, each: 1, what: 'Reads of twins in a second' },
  twinUpdates: { name: 'twinUpdatesPerSecond', perMs: secondMs, each: 1, what: 'Changes of twins in a second' },
} as const satisfies Record<Operation, { name: string; perMs: number; each: number; what: string }>;

const rateMax = 1_000_000_000;

type RateName<Group extends string> = `hub.${Group}.${(typeof units)[Operation]['name']}`;

/** The settings of one group of rates. */
export function rateFields<Group extends string>(
  group: Group,
  describe: (what: string, inS1: number) => string,
): Readonly<Record<RateName<Group>, SettingField & { kind: 'number' }>> {
  const cloud = ratesOfTier('S1', 1);
  const fields = operations.map((operation) => {
    const { name, what, each } = units[operation];
    const field = { kind: 'number', default: 0, min: 0, max: rateMax, describe: describe(what, cloud[operation].count * each) };
    return [`hub.${group}.${name}`, field];
  });
  return Object.fromEntries(fields);
}

/** What a hub allows: the rates of its tier, and in place of each the number that a setting names. */
export function quotaSettingsOf(settings: ServerSettings): QuotaSettings {
  const tier = settings['hub.throttling'];
  const isTier = tier === 'S1' || tier === 'S2' || tier === 'S3';
  return {
    hub: { ...(isTier && ratesOfTier(tier, settings['hub.throttlingUnits'])), ...chosen(settings, 'rates') },
    device: chosen(settings, 'deviceRates'),
    patienceMs: settings['hub.throttlingPatienceSeconds'] * secondMs,
  };
}

function chosen(settings: ServerSettings, group: 'rates' | 'deviceRates'): Partial<Record<Operation, Rate>> {
  const rates: Partial<Record<Operation, Rate>> = {};
  for (const operation of operations) {
    const { name, perMs, each } = units[operation];
    const count = settings[`hub.${group}.${name}`];
    if (count > 0) rates[operation] = { count: count / each, perMs };
  }
  return rates;
}
