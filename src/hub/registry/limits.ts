/** Limits of the registry, hub-service-protocol.md 4.1. */
export const registryLimits = {
  /** Identities in one answer; the service's own page size. */
  listMax: 1_000,
  /** As many as the cloud lets a hub have. */
  devicesMax: 1_000_000,
  modulesPerDeviceMax: 50,
  /** Ids looked at on either side for one that is spelled almost alike. */
  neighboursMax: 20,
  managedByCharactersMax: 128,
  /** Edge devices below one another. */
  edgeLayersMax: 5,
  /** Identities whose keys are renewed in one call (4.3). */
  regeneratedMax: 100,
} as const;

export type RegistryLimits = Readonly<Record<keyof typeof registryLimits, number>>;
