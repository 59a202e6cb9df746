import { minuteMs, secondMs } from '#base/instant.ts';

/** What is counted, in the words of hub-device-protocol.md 10. */
export const operations = [
  'connections',
  'telemetry',
  'cloudToDevice',
  'receives',
  'fileUploads',
  'methods',
  'twinReads',
  'twinUpdates',
] as const;

export type Operation = (typeof operations)[number];

/** So many in a period, at once or spread. */
export type Rate = { readonly count: number; readonly perMs: number };

/** What is missing has no limit. */
export type Rates = Readonly<Partial<Record<Operation, Rate>>>;

export type QuotaSettings = {
  /** Of all devices and back ends of one hub together. */
  readonly hub: Rates;
  /** Of each device or module. */
  readonly device: Rates;
  /** How long a connection that can be made to wait may go on sending above its rate before it ends. */
  readonly patienceMs: number;
};

export const noQuotas: QuotaSettings = { hub: {}, device: {}, patienceMs: 5 * minuteMs };

export type Tier = 'S1' | 'S2' | 'S3';

/** Method calls are metered by their payloads, in steps of this. */
export const methodMeterBytes = 4 * 1024;

const perSecond = (count: number): Rate => ({ count, perMs: secondMs });
const perMinute = (count: number): Rate => ({ count, perMs: minuteMs });
const kibibytesPerSecond = (kibibytes: number): Rate => perSecond((kibibytes * 1024) / methodMeterBytes);

/** What the cloud allows a hub of a tier with so many units. Fractions of a second are whole numbers in a minute. */
export function ratesOfTier(tier: Tier, units: number): Required<Rates> {
  const [messages, methods] = { S1: [12, 160], S2: [120, 480], S3: [6_000, 24 * 1024] }[tier] as [number, number];
  const few = perMinute((tier === 'S3' ? 5_000 : 100) * units);
  const atLeast100 = perSecond(Math.max(100, messages * units));
  const [reads, updates] = {
    S1: [100, 50],
    S2: [Math.max(100, 10 * units), Math.max(50, 5 * units)],
    S3: [500 * units, 250 * units],
  }[tier] as [number, number];
  return {
    connections: atLeast100,
    telemetry: atLeast100,
    cloudToDevice: few,
    receives: perMinute((tier === 'S3' ? 50_000 : 1_000) * units),
    fileUploads: few,
    methods: kibibytesPerSecond(methods * units),
    twinReads: perSecond(reads),
    twinUpdates: perSecond(updates),
  };
}
