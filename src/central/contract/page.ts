import { z } from 'zod';

/** The query names every public call may carry; the stable version has no others (central.md 4.2). */
export const apiQuerySchema = z.strictObject({ 'api-version': z.string().optional() });

/** Lists also follow `nextLink`, whose continuation is opaque. */
export const pageQuerySchema = apiQuerySchema.extend({
  maxpagesize: z.coerce.number().int().min(1).max(100).optional(),
  continuation: z.string().max(1024).optional(),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** One page of `item`; `nextLink` is absolute and absent on the last page. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ value: z.array(item), nextLink: z.string().optional() });
}
