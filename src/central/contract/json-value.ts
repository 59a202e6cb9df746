import { z } from 'zod';

/** Any JSON value, as commands and properties carry it. */
export const jsonValueSchema = z.json();
export type JsonValue = z.infer<typeof jsonValueSchema>;

/** ISO 8601, UTC, milliseconds. */
export const isoInstantSchema = z.iso.datetime();
