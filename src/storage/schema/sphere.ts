export type SphereTables = Record<never, never>;
