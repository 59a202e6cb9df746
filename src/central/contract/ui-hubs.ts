import { z } from 'zod';

/** One of `GET /api/ui/hubs`; the application's own is the first. */
export const hubSchema = z.object({
  name: z.string(),
  /** What devices and back ends call it. */
  hostName: z.string(),
  /** Where its REST answers. */
  url: z.string(),
  deviceCount: z.number(),
  /** The application follows this one, so it stays. */
  isApplications: z.boolean(),
});
export type HubBody = z.infer<typeof hubSchema>;
export const hubListSchema = z.object({ value: z.array(hubSchema) });

/** `POST /api/ui/hubs`. The hub judges the name. */
export const hubPostSchema = z.strictObject({ name: z.string().max(256) });
