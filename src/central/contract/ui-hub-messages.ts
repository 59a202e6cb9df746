import { z } from 'zod';

/** `GET /api/ui/hubs/{hub}/messages`: server-sent events, from the moment on. With `device`, of that device alone. */
export const hubMessagesQuerySchema = z.strictObject({ device: z.string().max(128).optional() });

/** The data of each event, by its name. */
export const hubMessageEventSchemas = {
  message: z.object({
    /** Unique, and ordered as the hub took the messages. */
    position: z.number(),
    deviceId: z.string(),
    /** Of a module of the device. */
    moduleId: z.string().optional(),
    at: z.string(),
    /** The body as text; bytes that are no UTF-8 come as base64 with `bodyEncoding`. */
    body: z.string(),
    bodyEncoding: z.literal('base64').optional(),
    /** How long the body is; `body` holds only the beginning of a long one. */
    bodyBytes: z.number(),
    isCut: z.boolean(),
    /** What the application added; null for a name without `=`. */
    application: z.record(z.string(), z.string().nullable()),
    system: z.record(z.string(), z.string()),
  }),
  /** So many messages came faster than a stream may carry them and are not in it. The log has them. */
  skipped: z.object({ count: z.number() }),
} as const;
export type HubMessageEventName = keyof typeof hubMessageEventSchemas;
export type HubMessageEvents = { [K in HubMessageEventName]: z.infer<(typeof hubMessageEventSchemas)[K]> };
export type HubMessage = HubMessageEvents['message'];
