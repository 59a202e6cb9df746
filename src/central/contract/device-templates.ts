import { z } from 'zod';
import { pageSchema } from './page.ts';

/** A device template (central.md 3.1): an outer object around a DTDL v2 Interface. */
export const deviceTemplateSchema = z.object({
  '@id': z.string(),
  '@type': z.array(z.string()),
  '@context': z.array(z.string()).optional(),
  displayName: z.string(),
  description: z.string().optional(),
  capabilityModel: z.record(z.string(), z.json()),
  etag: z.string(),
});
export type DeviceTemplateBody = z.infer<typeof deviceTemplateSchema>;
export const deviceTemplateListSchema = pageSchema(deviceTemplateSchema);
