export type CentralTables = Record<never, never>;
