import { z } from 'zod';

/** `GET /api/ui/refusals`. */
export const refusalsQuerySchema = z.strictObject({
  service: z.enum(['hub', 'provisioning', 'sphere', 'central']).optional(),
  subject: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});
export type RefusalsQuery = z.infer<typeof refusalsQuerySchema>;

/** A refused sign-in, registration, attestation or proof; repeats are one row. Names from the peer are escaped already. */
export const refusalSchema = z.object({
  id: z.string(),
  service: z.string(),
  subject: z.string(),
  peer: z.string(),
  reason: z.string(),
  detail: z.string(),
  trace: z.array(z.object({ check: z.string(), passed: z.boolean(), detail: z.string().optional() })),
  fix: z.string().optional(),
  firstAt: z.string(),
  lastAt: z.string(),
  times: z.number(),
});
export type RefusalBody = z.infer<typeof refusalSchema>;
export const refusalListSchema = z.object({ value: z.array(refusalSchema) });
