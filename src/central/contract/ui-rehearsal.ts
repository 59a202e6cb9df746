import { z } from 'zod';

/** `GET /api/ui/clock`. */
export const clockSchema = z.object({
  /** Whether the data directory was made for development: only then the clock can be moved. */
  isDevelopment: z.boolean(),
  now: z.string(),
  realNow: z.string(),
  aheadMs: z.number(),
  motion: z.enum(['still', 'moving', 'running']),
  speed: z.number().optional(),
  until: z.string().optional(),
  warning: z.string().optional(),
});
export type ClockBody = z.infer<typeof clockSchema>;

/** `GET /api/ui/rehearsal`. */
export const rehearsalQuerySchema = z.strictObject({ until: z.string().max(64) });

export const rehearsedDropSchema = z.object({
  hub: z.string(),
  deviceId: z.string(),
  /** When what it rests on ends. */
  at: z.string(),
  /** As the refusal will call it. */
  reason: z.string(),
  detail: z.string(),
  fix: z.string(),
});
export type RehearsedDrop = z.infer<typeof rehearsedDropSchema>;

/** Something ends that lets in more than one device; most often somebody has taken care, and then nothing drops. */
export const rehearsedEndSchema = z.object({
  kind: z.enum(['hub-ca', 'enrollment-ca', 'sphere-ca', 'revocation-list']),
  name: z.string(),
  subject: z.string(),
  at: z.string(),
  drops: z.number(),
});
export type RehearsedEnd = z.infer<typeof rehearsedEndSchema>;

export const rehearsalSchema = z.object({
  from: z.string(),
  until: z.string(),
  drops: z.array(rehearsedDropSchema),
  ends: z.array(rehearsedEndSchema),
  /** Came once with a token of at most two days: nobody knows yet whether it makes new ones. */
  unsure: z.array(z.object({ hub: z.string(), deviceId: z.string(), at: z.string() })),
  counts: z.object({
    /** Enabled devices that signed in at least once. */
    rehearsed: z.number(),
    stay: z.number(),
    /** Not let in today either. */
    out: z.number(),
    neverSeen: z.number(),
    disabled: z.number(),
    /** Found to drop; more than `drops` holds when there are very many. */
    drop: z.number(),
  }),
});
export type RehearsalBody = z.infer<typeof rehearsalSchema>;
