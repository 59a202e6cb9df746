import { z } from 'zod';
import { formatInstant, instant } from '#base/instant.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();
const time = z.iso.datetime({ offset: true }).transform((text) => instant(Date.parse(text)));

/** Who changed what: the audit log, newest first. */
export function auditAdminRoutes(audit: Pick<AuditLog, 'list'>): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/audit',
      permission: 'refusals.read',
      summary: 'Who changed what, and when',
      query: z.strictObject({
        service: z.enum(['hub', 'provisioning', 'central', 'sphere', 'administration']).optional(),
        hub: z.string().max(64).optional(),
        actor: z.string().max(256).optional(),
        target: z.string().max(256).optional(),
        since: time.optional(),
        until: time.optional(),
        before: z.coerce.number().int().min(1).optional(),
        limit: z.coerce.number().int().min(1).max(1000).optional(),
      }),
      async handle({ query }) {
        const entries = await audit.list(query);
        return {
          json: {
            value: entries.map(({ at, tracking_id: trackingId, ...entry }) => ({
              at: formatInstant(instant(at)),
              ...entry,
              trackingId,
            })),
          },
        };
      },
    }),
  ];
}
