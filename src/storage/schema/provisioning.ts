export type ProvisioningTables = Record<never, never>;
