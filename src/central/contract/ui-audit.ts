/** Who changed what: `GET /api/ui/audit`, newest first, under the permission to read refusals. */
import { z } from 'zod';

export const auditEntrySchema = z.object({
  /** Grows from entry to entry; `before` reads on behind one. */
  sequence: z.number(),
  at: z.string(),
  service: z.enum(['hub', 'provisioning', 'central', 'sphere', 'administration']),
  /** The hub it was asked of. */
  hub: z.string().nullable(),
  actor: z.string(),
  /** By what the actor was known: `policy`, `session`, `api-token`… */
  credential: z.string(),
  peer: z.string(),
  /** Method and route, with the names of its parameters. */
  action: z.string(),
  /** The route with what stood in their place. */
  target: z.string(),
  /** What was changed where the route does not say it, such as each device of a bulk call. */
  detail: z.string(),
  status: z.number(),
  trackingId: z.string(),
});
export type AuditEntryBody = z.infer<typeof auditEntrySchema>;
export const auditListSchema = z.object({ value: z.array(auditEntrySchema) });
