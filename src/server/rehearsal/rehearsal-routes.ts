import { z } from 'zod';
import { parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import type { Rehearse } from './rehearse.ts';

const route = defineRoute<UserCaller, Permission>();

export function rehearsalRoutes(rehearse: Pick<Rehearse, 'until'>): Route<UserCaller, Permission>[] {
  return [
    route({
      method: 'GET',
      path: '/rehearsal',
      permission: 'refusals.read',
      summary: 'Which devices will be let in no more by an instant, when and why; nothing is moved',
      query: z.strictObject({ until: z.string().max(64) }),
      async handle({ query }) {
        const until = parseInstant(query.until);
        if (until === undefined) throw new Problem('argument-invalid', `'${query.until}' is no date such as 2027-01-31.`);
        return { json: await rehearse.until(until) };
      },
    }),
  ];
}
