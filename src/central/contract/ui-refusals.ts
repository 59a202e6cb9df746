import { z } from 'zod';

/** `GET /api/ui/refusals`. */
export const refusalsQuerySchema = z.strictObject({
  service: z.enum(['hub', 'provisioning', 'sphere', 'central']).optional(),
  subject: z.string().max(256).optional(),
  /** A hub by its name. */
  hub: z.string().max(64).optional(),
  /** Registrations that reached this connection group and were turned away. */
  group: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
});
export type RefusalsQuery = z.infer<typeof refusalsQuerySchema>;

const chainLinkSchema = z.object({
  /** device, sent, verified-ca, unverified-ca or absent. */
  role: z.string(),
  subject: z.string(),
  faults: z.array(z.object({ reason: z.string(), detail: z.string() })),
  issuer: z.string().optional(),
  sha1Thumbprint: z.string().optional(),
  sha256Thumbprint: z.string().optional(),
  notBefore: z.string().optional(),
  notAfter: z.string().optional(),
});
export type RefusalLink = z.infer<typeof chainLinkSchema>;

/** A refused sign-in, registration, attestation or proof; repeats are one row. Names from the peer are escaped already. */
export const refusalSchema = z.object({
  id: z.string(),
  service: z.string(),
  subject: z.string(),
  peer: z.string(),
  reason: z.string(),
  /** What the reason means, in a plain sentence. */
  means: z.string().optional(),
  detail: z.string(),
  trace: z.array(z.object({ check: z.string(), passed: z.boolean(), detail: z.string().optional() })),
  fix: z.string().optional(),
  /** The instant the rules were checked against, and how far the server's clock was moved then. */
  at: z.string().optional(),
  clockMovedMs: z.number().optional(),
  /** Leaf first, as it was put together. */
  chain: z.array(chainLinkSchema),
  /** Absent: nobody looked. */
  nearest: z.array(z.object({ kind: z.string(), name: z.string(), detail: z.string() })).optional(),
  firstAt: z.string(),
  lastAt: z.string(),
  times: z.number(),
});
export type RefusalBody = z.infer<typeof refusalSchema>;
export const refusalListSchema = z.object({ value: z.array(refusalSchema) });
