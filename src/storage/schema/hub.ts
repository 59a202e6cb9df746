export type HubTables = Record<never, never>;
