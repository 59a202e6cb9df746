export type TrustTables = Record<never, never>;
