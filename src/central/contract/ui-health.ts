import { z } from 'zod';

/** `GET /api/ui/health`: how the server is, as `homeport status` ends. */
export const serverHealthSchema = z.object({
  state: z.enum(['ok', 'degraded', 'failed']),
  concerns: z.array(
    z.object({
      part: z.string(),
      state: z.enum(['degraded', 'failed']),
      /** What is wrong, and what mends it: a sentence each. */
      says: z.string(),
      fix: z.string(),
    }),
  ),
});
export type ServerHealth = z.infer<typeof serverHealthSchema>;
