import { z } from 'zod';

/** One of `GET /api/ui/hubs`; the application's own is the first. */
export const hubSchema = z.object({ name: z.string(), hostName: z.string() });
export type HubBody = z.infer<typeof hubSchema>;
export const hubListSchema = z.object({ value: z.array(hubSchema) });
