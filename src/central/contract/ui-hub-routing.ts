/** Where a hub's events go: `/api/ui/hub/routing`, of the hub that the query names. */
import { z } from 'zod';

export const hubRouteSchema = z.object({
  name: z.string(),
  source: z.string(),
  /** Empty for every event. */
  condition: z.string(),
  endpointNames: z.array(z.string()),
  isEnabled: z.boolean(),
});
export type HubRoute = z.infer<typeof hubRouteSchema>;

export const hubEnrichmentSchema = z.object({ key: z.string(), value: z.string(), endpointNames: z.array(z.string()) });
export type HubEnrichment = z.infer<typeof hubEnrichmentSchema>;

export const hubDestinationSchema = z.object({
  name: z.string(),
  type: z.enum(['webhook', 'amqp', 'files']),
  /** Of a URL what is no secret. */
  origin: z.string().optional(),
  address: z.string().optional(),
  fileNameFormat: z.string().optional(),
  deadLetters: z.number(),
  health: z.object({
    status: z.enum(['unknown', 'healthy', 'degraded', 'unhealthy', 'dead']),
    lastAttemptAt: z.string().optional(),
    lastSuccessAt: z.string().optional(),
    lastError: z.string().optional(),
    lastErrorAt: z.string().optional(),
    behindBytes: z.number(),
    hasLostEvents: z.boolean(),
  }),
});
export type HubDestination = z.infer<typeof hubDestinationSchema>;

/** `GET hub/routing`. */
export const hubRoutingSchema = z.object({
  routes: z.array(hubRouteSchema),
  enrichments: z.array(hubEnrichmentSchema),
  isFallbackEnabled: z.boolean(),
  destinations: z.array(hubDestinationSchema),
});
export type HubRouting = z.infer<typeof hubRoutingSchema>;

const position = z.object({ line: z.number(), column: z.number() });

/** `POST hub/routing/test`. */
export const hubRouteTestSchema = z.object({
  result: z.enum(['true', 'false', 'undefined']),
  details: z.object({
    compilationErrors: z.array(z.object({ message: z.string(), location: z.object({ start: position, end: position }) })),
  }),
});
export type HubRouteTest = z.infer<typeof hubRouteTestSchema>;

/** `GET hub/routing/destinations/{name}/dead-letters`. */
export const hubDeadLettersSchema = z.object({
  value: z.array(z.object({ position: z.number(), deviceId: z.string(), reason: z.string(), failedAt: z.string() })),
});
export type HubDeadLetters = z.infer<typeof hubDeadLettersSchema>;

/** `POST hub/routing/destinations/{name}/replay`. */
export const hubReplaySchema = z.object({ replayed: z.number(), remaining: z.number(), reason: z.string().optional() });
export type HubReplay = z.infer<typeof hubReplaySchema>;
