import type { Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';

/** What a configuration writes to: devices, modules, or the modules of edge devices. */
export const configurationKinds = ['deviceContent', 'moduleContent', 'modulesContent'] as const;
export type ConfigurationKind = (typeof configurationKinds)[number];

/** Values by where they go: `properties.desired` whole, or a path below it (configuration-content.ts). */
export type TwinContent = JsonObject;

export type ConfigurationContent =
  | { readonly kind: 'deviceContent' | 'moduleContent'; readonly twin: TwinContent }
  | { readonly kind: 'modulesContent'; readonly modules: Readonly<Record<string, TwinContent>> };

/** What many devices or modules shall become: the hub's automatic device management, and deployments to edge devices. */
export type Configuration = {
  readonly id: string;
  readonly content: ConfigurationContent;
  /** Empty for nothing, `*` for all, else as jobs have it. */
  readonly targetCondition: string;
  /** The highest wins; of two, the newer. */
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly metricQueries: Readonly<Record<string, string>>;
  /** What the metrics counted at the last sweep. */
  readonly metricResults: Readonly<Record<string, number>>;
  readonly systemResults: Readonly<Record<string, number>>;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type NewConfiguration = Pick<
  Configuration,
  'id' | 'content' | 'targetCondition' | 'priority' | 'labels' | 'metricQueries'
>;

/** What may change; what is left out stays. */
export type ConfigurationChange = Partial<Omit<NewConfiguration, 'id'>>;

export type TargetStatus = 'Targeted' | 'Applied';

/** Which of two configurations a device gets; negative for the first. */
export function byPrecedence(a: Configuration, b: Configuration): number {
  return b.priority - a.priority || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
}
