import { z } from 'zod';

/** `GET /api/ui/devices/{id}/series`. Without `names`, every numeric telemetry of the template. */
export const seriesQuerySchema = z.strictObject({
  names: z.string().max(2048).optional(),
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  points: z.coerce.number().int().min(2).max(10_000).optional(),
});
export type SeriesQuery = z.infer<typeof seriesQuerySchema>;

/** `[ms, value]`, or `[ms, mean, min, max]` where several values fell into one bucket. A null value is a gap. */
export const seriesPointSchema = z.union([
  z.tuple([z.number(), z.number().nullable()]),
  z.tuple([z.number(), z.number().nullable(), z.number(), z.number()]),
]);
export type SeriesPoint = z.infer<typeof seriesPointSchema>;
export const seriesResponseSchema = z.object({
  series: z.array(
    z.object({ name: z.string(), displayName: z.string(), unit: z.string().optional(), points: z.array(seriesPointSchema) }),
  ),
});
export type SeriesResponse = z.infer<typeof seriesResponseSchema>;

/** `GET /api/ui/devices/{id}/last-values`: of every telemetry that was ever received, by name. */
export const lastValuesSchema = z.object({
  values: z.record(z.string(), z.object({ value: z.json(), timestamp: z.string() })),
});
export type LastValuesBody = z.infer<typeof lastValuesSchema>;

/** `GET /api/ui/devices/{id}/raw`: newest first. */
export const rawQuerySchema = z.strictObject({
  before: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});
export type RawQuery = z.infer<typeof rawQuerySchema>;

export const rawRowSchema = z.object({
  /** Opaque, unique, ordered; also the cursor of the row. */
  position: z.string(),
  at: z.string(),
  source: z.string(),
  /** `Telemetry`, `Property`, `Connectivity`, … */
  messageType: z.string(),
  modeled: z.record(z.string(), z.object({ value: z.json(), coerced: z.boolean().optional() })),
  unmodeled: z.record(z.string(), z.object({ value: z.json(), reason: z.string() })),
  /** The body as text; bytes that are no UTF-8 are shown as base64 with `bodyEncoding`. */
  body: z.string(),
  bodyEncoding: z.enum(['utf-8', 'base64']).optional(),
  properties: z.record(z.string(), z.string()),
});
export type RawRow = z.infer<typeof rawRowSchema>;
export const rawResponseSchema = z.object({ value: z.array(rawRowSchema), next: z.string().optional() });
export type RawResponse = z.infer<typeof rawResponseSchema>;
