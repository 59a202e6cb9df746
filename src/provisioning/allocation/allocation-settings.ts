import type { JsonObject } from '#base/json.ts';
import type { Secret } from '#base/secret.ts';

export const allocationPolicies = ['hashed', 'geoLatency', 'static', 'custom'] as const;
export type AllocationPolicy = (typeof allocationPolicies)[number];

/** What happens to a device that registers again (dps-device-protocol.md 7). */
export type ReprovisionPolicy = {
  /** Its hub is chosen anew; otherwise it stays where it is. */
  readonly updateHubAssignment: boolean;
  /** Its twin moves along; otherwise it begins again with the initial twin. */
  readonly migrateDeviceData: boolean;
};

/** Sections as they were given: what a twin may hold is for the hub to say. */
export type InitialTwin = { readonly tags?: JsonObject; readonly desired?: JsonObject };

/** Whom to ask for the hub. The URL may hold a secret. */
export type AllocationWebhook = { readonly url: Secret; readonly apiVersion: string };

/** To which hub an enrollment leads, with what twin, and what changes later. */
export type AllocationSettings = {
  /** Without one: by the service's own, which is hashed. */
  readonly allocationPolicy?: AllocationPolicy;
  /** Host names of linked hubs to choose among; none: those that take part without being named. */
  readonly iotHubs: readonly string[];
  readonly reprovisionPolicy: ReprovisionPolicy;
  readonly initialTwin?: InitialTwin;
  readonly webhook?: AllocationWebhook;
};

export const defaultAllocation: AllocationSettings = {
  iotHubs: [],
  reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
};
